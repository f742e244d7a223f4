// The timed loops. `infer` is the engine's own call, with its readback awaited; `release` frees what it gave, outside of what is timed.

/** Milliseconds of `performance.now()` as whole nanoseconds. */
export const nanoseconds = (milliseconds) => Math.round(milliseconds * 1e6);

const BREATHE_MS = 1000;
const channel = new MessageChannel();

/** Lets the browser do what waits for this thread: events, its own messages. Without it, a loop that only awaits promises would let
 * nothing in for as long as it runs. It is no timer, which a browser may hold back.
 */
export function breathe() {
  return new Promise((resolve) => {
    channel.port1.onmessage = resolve;
    channel.port2.postMessage(null);
  });
}

/** An engine whose inputs are bound, timed. */
export class Measuring {
  constructor(infer, release, onFirst) {
    this.infer = infer;
    this.release = release;
    this.onFirst = onFirst;
    this.last = undefined;
    this.breathedAt = performance.now();
  }

  /** Times one inference; milliseconds. Its outputs are `last` until the next one's. */
  async once() {
    const { infer } = this;
    const begun = performance.now();
    const outputs = await infer();
    const ended = performance.now();
    if (this.last !== undefined) this.release(this.last);
    this.last = outputs;
    if (this.onFirst !== undefined) {
      const onFirst = this.onFirst;
      this.onFirst = undefined;
      await onFirst();
    }
    return ended - begun;
  }

  async many(count, into) {
    for (let k = 0; k < count; k++) {
      into.push(nanoseconds(await this.once()));
      if (performance.now() - this.breathedAt > BREATHE_MS) await this.rest();
    }
  }

  async rest() {
    await breathe();
    this.breathedAt = performance.now();
  }

  /** Lead-in and timed inferences; with a budget, ends after it once the least number is there. */
  async block({ lead_in, count, least, budget_ns }) {
    const leadIn = [];
    const latency = [];
    await this.many(lead_in, leadIn);
    const started = performance.now();
    if (budget_ns === null || budget_ns === undefined) {
      await this.many(count, latency);
    } else {
      await this.many(Math.min(count, least), latency);
      while (latency.length < count && nanoseconds(performance.now() - started) < budget_ns) await this.many(1, latency);
    }
    return { lead_in_ns: leadIn, latency_ns: latency, started, ended: performance.now() };
  }

  /** Infers on and on for a time, told in so many parts of equal length: an inference is of the part in which it began. */
  async inferFor({ duration_ns, slices }) {
    const inferencesOf = new Array(slices).fill(0);
    const lengthOf = new Array(slices).fill(0);
    const length = Math.max(1, Math.floor(duration_ns / Math.max(1, slices)));
    let inferences = 0;
    const started = performance.now();
    let at = 0;
    let cut = 0;
    let lasted = 0;
    while (lasted < duration_ns) {
      await this.once();
      inferences += 1;
      if (performance.now() - this.breathedAt > BREATHE_MS) await this.rest();
      lasted = nanoseconds(performance.now() - started);
      if (slices > 0) {
        inferencesOf[at] += 1;
        lengthOf[at] += lasted - cut;
        cut = lasted;
        at = Math.min(Math.max(at, Math.floor(lasted / length)), slices - 1);
      }
    }
    return { inferences, slice_inferences: inferencesOf, slice_ns: lengthOf, started, lasted_ns: lasted };
  }

  /** Infers on and on for a time, in memory that does not grow. */
  async soak({ window_ns }) {
    const histogram = new LatencyHistogram();
    const started = performance.now();
    let ended = started;
    while (nanoseconds(ended - started) < window_ns) {
      histogram.add(nanoseconds(await this.once()));
      if (performance.now() - this.breathedAt > BREATHE_MS) await this.rest();
      ended = performance.now();
    }
    return { ...histogram.summary(), started, ended };
  }
}

/** Latencies counted in steps of 1 %, from 1 ns to over a day: what a soak looks for is memory that grows, so this does not. */
class LatencyHistogram {
  static STEPS_PER_E = 1 / Math.log(1.01);
  static STEPS = 1 + Math.trunc(Math.log(1e14) * LatencyHistogram.STEPS_PER_E);

  constructor() {
    this.counts = new Float64Array(LatencyHistogram.STEPS);
    this.total = 0;
    this.least = Infinity;
    this.most = 0;
  }

  add(latency) {
    const step = Math.trunc(Math.log(Math.max(1, latency)) * LatencyHistogram.STEPS_PER_E);
    this.counts[Math.min(LatencyHistogram.STEPS - 1, step)] += 1;
    this.total += 1;
    this.least = Math.min(this.least, latency);
    this.most = Math.max(this.most, latency);
  }

  /** The smallest step at or below which this share lies: its middle, within what was seen. */
  quantile(share) {
    const wanted = Math.ceil(share * this.total);
    let counted = 0;
    for (let step = 0; step < this.counts.length; step++) {
      counted += this.counts[step];
      if (counted >= wanted) {
        const middle = Math.round(Math.exp((step + 0.5) / LatencyHistogram.STEPS_PER_E));
        return Math.max(this.least, Math.min(this.most, middle));
      }
    }
    return this.most;
  }

  summary() {
    return {
      inferences: this.total,
      latency_p50_ns: this.quantile(0.5),
      latency_p90_ns: this.quantile(0.9),
      latency_p99_ns: this.quantile(0.99),
      latency_min_ns: this.least,
      latency_max_ns: this.most,
    };
  }
}
