"""A small pkuseg model, trained on the spot: the library's own models are a download."""

import contextlib
import io
from pathlib import Path

# Written for this test; a space stands between two words.
SENTENCES = """\
我 爱 北京
我 喜欢 吃 苹果
他 在 北京 工作
她 喜欢 北京 的 秋天
今天 天气 很 好
明天 我们 去 公园 散步
孩子 们 在 公园 里 踢 足球
他 每天 早上 喝 一 杯 牛奶
老师 喜欢 认真 的 学生
学生 们 在 教室 里 看书
我们 坐 火车 去 上海
上海 的 夏天 很 热
妈妈 在 厨房 做 晚饭
晚饭 以后 我们 一起 散步
这 本 书 很 有意思
那 个 公园 离 学校 很 近
""".splitlines()


def train_pkuseg(folder: Path) -> Path:
    """Train a pkuseg model on a few sentences; takes about a second and needs no network.

    folder (Path): Where to put the training text and the model.
    RETURNS (Path): The folder of the model, for `initialize.tokenizer.pkuseg_model`. Leave
        `pkuseg_user_dict` at "default" with it: that dictionary comes with the library.
    """
    import spacy_pkuseg

    text = folder / "segmented.txt"
    text.write_text("\n".join(SENTENCES * 4) + "\n", encoding="utf8")
    model = folder / "model"
    # It reports every iteration.
    with contextlib.redirect_stdout(io.StringIO()):
        spacy_pkuseg.train(str(text), str(text), str(model), train_iter=10)
    return model
