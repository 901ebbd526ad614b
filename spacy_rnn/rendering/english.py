"""What pictures say in English."""

from .wording import Wording

ENGLISH = Wording(
    lang="en",
    between_sentences=" ",
    between_words=", ",
    start_of_text="start of text",
    end_of_text="end of text",
    before="before",
    after="after",
    cut="Cut here; not shown: {left:,} of {total:,} tokens.",
    picture="Picture",
    token_count=("{count:,} token", "{count:,} tokens"),
    bits="{bits} bits",
    bits_a_token="{bits} bits a token",
    perplexity="perplexity {value}",
    unknown_words="A question mark stands after the number of a word that the model doesn't know: "
    "it has the probability of all unknown words together and, with a speller, of its spelling.",
    surprisal_below="Under each token its surprisal in bits: −log₂ p(token | all tokens {side} "
    "it).",
    full_bar="The bar above it shows the same; it is full at {bits:g} bits.",
    gap="A bar with a gap goes on beyond that.",
    white_space="White space that isn't read has none.",
    no_token="no token",
    sums_of_all="The sums below are those of all.",
    guesses="In each row the most probable next words with their probabilities; at 1.000 the bar "
    "is full. ✓ marks the word that really came. Below what came its surprisal in bits: −log₂ p. "
    "{edge} is a symbol of its own, &lt;/s&gt;.",
    previous_guesses="In each row the most probable previous words with their probabilities; at "
    "1.000 the bar is full. ✓ marks the word that really came. Below what came its surprisal in "
    "bits: −log₂ p. {edge} is a symbol of its own, &lt;/s&gt;.",
    pieces="A long text is divided into pieces of {piece} tokens: open the one to read.",
    next_titles=("After", "Next words", "What came"),
    previous_titles=("Before", "Previous words", "What came"),
    line="Surprisal in bits, −log₂ p(token | all tokens {side} it), from left to right.",
    smoothed="Each point is the mean of {window} tokens: the one at its place and those around it.",
    hollow="The points of unknown words are hollow.",
    strokes="The short strokes at the bottom are unknown words.",
    by_character="The lines have one text but other tokens, so the place is counted in characters.",
    lines_label="Lines of surprisal: {names}. The numbers follow in a table.",
    most="most",
    tokens_below="tokens",
    characters_below="characters",
    numbers_table="The numbers as a table",
    long_table="{tokens:,} tokens: a row is {size} of them, with the mean of each line. Below, the "
    "{peaks} most surprising tokens; the others are not listed.",
    token_title="Token",
    tokens_title="Tokens",
    word_title="Word",
    text_title="Text",
    bits_title="Bits",
    own_bits="{name}, bits",
    mean_title="{title}, mean",
    map="The embeddings of {words} words, seen from the side where they differ most: the first two "
    "principal components, from left to right {first} of their variance, upwards {second}.",
    unseen="The rest can't be seen here, so words that lie together may be far apart in it: the "
    "cosines in the table are those of all dimensions.",
    links="Lines lead from each word to the nearest ones, whose points are hollow.",
    not_on_map="Not in the vocabulary, and so not on the map: {words}.",
    without_label="{words} words have no room for their label: point at them, or see the table.",
    map_label="Map of {words} words; their neighbours follow in a table.",
    nearest="Nearest words, with cosines",
    nearest_title="Nearest words in the whole vocabulary",
    states="One row for each unit, one column for each step: {value} when the word is read. The "
    "number is the value; the colour shows the same, {colours}.",
    two_signs="blue above zero and orange below",
    towards_one="stronger towards 1, where everything passes",
    similar="Units that behave alike stand together.",
    scrolling="The columns can be scrolled with the arrow keys.",
    unit="unit",
    states_caption="{value}{layer}: {units}{way}; strongest colour at {full}",
    of_layer=" of layer {layer}",
    all_units="{width} units",
    some_units="the {shown} of {width} units that change most",
    read_backward=", read from right to left",
    value_names={
        "h": "the hidden state h",
        "c": "the cell state c",
        "candidate": "the candidate",
        "input": "the input gate",
        "forget": "the forget gate",
        "output": "the output gate",
        "reset": "the reset gate",
        "update": "the update gate",
    },
    steps="Each box is a step: a word is read, its embedding and the state before give the gates "
    "and the new state, and the state gives the next words. Each bar is a unit, upwards above zero "
    "and downwards below. A gate’s bar is full at 1, where all passes; the number beside its name "
    "is the mean. Bars of embedding and c are full at the picture’s largest value. “before” is the "
    "step before.",
    equations={
        "rnn": "RNN: h = tanh(W · embedding + U · h before + b).",
        "gru": "GRU: h = (1 − update) · candidate + update · h before; the reset gate says how "
        "much of h before the candidate sees.",
        "lstm": "LSTM: c = forget · c before + input · candidate; h = output · tanh(c).",
    },
    steps_caption="{cell} of {layers} of {width} units{some}{way}",
    layer_count=("{count:,} layer", "{count:,} layers"),
    drawn_units=", of which the {shown} that change most are drawn",
    layer="layer {layer}: ",
    unit_of_layer="unit, layer {layer}",
    step="step {step}, row {row}",
    unknown_step=", an unknown word",
    guesses_label="most probable next words",
    came="What came: {word}",
    rank=", rank {rank:,}",
    unknown_came=", unknown",
    numbers="Numbers",
    numbers_label="numbers of this step",
    vector_names={
        "embedding": "embedding",
        "input": "input",
        "forget": "forget",
        "candidate": "candidate",
        "output": "output",
        "reset": "reset",
        "update": "update",
        "c": "c",
        "h": "h",
    },
)
