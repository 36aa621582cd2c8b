// Tells of a new message: a quiet sound, once for all tabs, unless it is muted or somebody is looking already.
const NOTES = [[880, 0], [1318.5, 0.09]];

export class Bell {
  constructor(store) {
    this.store = store;
    this.audio = null;
  }

  // Browsers let a page sound only after it was touched.
  arm() {
    try {
      this.audio ??= new AudioContext();
      if (this.audio.state === "suspended") this.audio.resume();
    } catch {
      // no sound on this machine
    }
  }

  // After a moment: a tab in which the message is being looked at says so meanwhile.
  ring(id) {
    setTimeout(() => {
      const { items, mute } = this.store.state;
      const unread = items.some((item) => item.id === id && !item.mine && item.state !== "read");
      if (unread && !mute && this.audio?.state === "running") this.sound();
    }, 400);
  }

  sound() {
    const { audio } = this;
    for (const [pitch, after] of NOTES) {
      const at = audio.currentTime + after;
      const tone = audio.createOscillator();
      const loudness = audio.createGain();
      tone.frequency.value = pitch;
      loudness.gain.setValueAtTime(0.0001, at);
      loudness.gain.exponentialRampToValueAtTime(0.08, at + 0.015);
      loudness.gain.exponentialRampToValueAtTime(0.0001, at + 0.35);
      tone.connect(loudness).connect(audio.destination);
      tone.start(at);
      tone.stop(at + 0.4);
    }
  }
}
