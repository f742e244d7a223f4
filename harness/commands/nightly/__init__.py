"""`bakeoff nightly`: a suite of experiments on devices, within its minutes, judged against the nights before."""
