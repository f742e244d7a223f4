"""Pure functions from (output, reference) to numbers.

A metric is opened once for a run, prepares each reference once, and scores every arm's output against it:

    metric = METRICS["ssim_y"](MetricSettings(scale=2))
    prepared = metric.prepare(reference)
    value = prepared.score(output)

`metrics.registry.METRICS` lists them by the name of the quantity they give.
"""
