"""Training that can be stopped and continued, on one process or several."""
