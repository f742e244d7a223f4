"""From records and outputs to comparison.json: tables, evidence, judgements, the verdict, and the words for it."""
