// One tab at a time: whoever holds the turn streams, sends, or opens the session for all tabs of the browser.
//
// A tab in the background may be asleep with the turn in its hands (phones put them to sleep). So a tab that is looked at and
// has to wait asks whether the holder is awake, and takes the turn if nobody answers. What is done in a turn may be done twice.
const ASK = 1500;

export class Turn {
  constructor(name, air, patience = ASK) {
    Object.assign(this, { name, air, patience });
    this.holding = false;
    this.hear = ({ data }) => {
      if (data.turn !== name) return;
      if (data.type === "awake?" && this.holding) air.postMessage({ type: "awake", turn: name });
      if (data.type === "awake") this.answered = true;
    };
    air?.addEventListener("message", this.hear);
  }

  close() {
    this.air?.removeEventListener("message", this.hear);
  }

  // Do the work when it is our turn; its signal says that the turn was taken away. Returns what the work returns.
  async take(work) {
    if (!navigator.locks) return work(new AbortController().signal);
    const waiting = new AbortController();
    const asking = this.insist(waiting);
    try {
      return await this.hold({ signal: waiting.signal }, work, () => asking.stop());
    } catch (error) {
      if (!waiting.signal.aborted) throw error;
    } finally {
      asking.stop();
    }
    return this.hold({ steal: true }, work, () => {});
  }

  async hold(options, work, granted) {
    const taken = new AbortController();
    let mine = false;
    try {
      return await navigator.locks.request(this.name, options, async () => {
        granted();
        mine = this.holding = true;
        return work(taken.signal);
      });
    } catch (error) {
      if (!mine || error.name !== "AbortError") throw error;
      taken.abort(); // stolen by a tab that thought us asleep
      return undefined;
    } finally {
      if (mine) this.holding = false;
    }
  }

  // While we wait and are looked at, ask every now and then; the holder may fall asleep later.
  insist(waiting) {
    let timer = 0;
    const ask = () => {
      clearTimeout(timer);
      if (document.visibilityState !== "visible") return;
      this.answered = false;
      this.air?.postMessage({ type: "awake?", turn: this.name });
      timer = setTimeout(() => {
        if (this.answered) timer = setTimeout(ask, 10 * this.patience);
        else if (document.visibilityState === "visible") waiting.abort();
      }, this.patience);
    };
    timer = setTimeout(ask, this.patience);
    document.addEventListener("visibilitychange", ask);
    return { stop: () => { clearTimeout(timer); document.removeEventListener("visibilitychange", ask); } };
  }
}
