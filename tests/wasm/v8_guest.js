// The half of `v8_guest.py` that runs in V8: instances by number, calls through an adapter module, traps as codes.
(traps) => {
  "use strict";
  const OVERFLOW = -1;
  const scratch = new WebAssembly.Memory({ initial: 2, maximum: 2 });
  const guests = new Map();
  let lastNumber = 0;
  let staged = new ArrayBuffer(0);

  const code = (error) => {
    if (error instanceof WebAssembly.RuntimeError) {
      const known = traps[error.message.replace("WebAssembly.Instance(): ", "")];
      if (known !== undefined) return known;
      if (/data segment .* out of bounds/.test(error.message)) return traps["memory access out of bounds"];
      if (/table initializer|element segment/.test(error.message)) return traps["table index is out of bounds"];
    }
    if (error instanceof RangeError && /call stack/.test(error.message)) return OVERFLOW;
    throw error;
  };

  return {
    scratch: () => scratch.buffer,
    stage: (size) => (staged = new ArrayBuffer(size)),
    // imports: [module, name, number of a guest or 0 for a function that does nothing]. A guest's number, or [code].
    start(split, imports) {
      const module = new WebAssembly.Module(staged.slice(0, split));
      const adapter = new WebAssembly.Module(staged.slice(split));
      const given = {};
      for (const [from, name, guest] of imports)
        (given[from] ??= {})[name] = guest ? guests.get(guest).exports[name] : () => {};
      let instance;
      try {
        instance = new WebAssembly.Instance(module, given);
      } catch (error) {
        return JSON.stringify([code(error)]);
      }
      const { exports } = instance;
      const { exports: entries } = new WebAssembly.Instance(adapter, { guest: exports, test: { scratch } });
      guests.set(++lastNumber, { exports, entries });
      return JSON.stringify(lastNumber);
    },
    // Arguments, results and then all globals stand in the scratch memory. 0, or how it stopped.
    call(number, name) {
      const { entries } = guests.get(number);
      let ended = 0;
      try {
        entries[name]();
      } catch (error) {
        ended = code(error);
      }
      return ended;
    },
    memory: (number, name) => guests.get(number).exports[name].buffer,
    release(numbers) {
      for (const number of numbers) guests.delete(number);
    },
  };
}
