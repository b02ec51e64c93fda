// The half of engine "v8" that runs in V8: see v8_engine.py. One function; its result is what Python calls.
//
// Python reads and writes the memories and the words of the globals in place. A crossing is one call: `advance` applies
// all frames of the inbox and recovers from every trap by itself.
(settings) => {
  "use strict";
  const { traps, nextIndexOffset, receiptsOffset, receiptBytes, codeOffset, outboxExhausted } = settings;
  const objects = new Map();
  let lastNumber = 0;
  let staged = new ArrayBuffer(0);

  const keep = (object) => {
    lastNumber += 1;
    objects.set(lastNumber, object);
    return lastNumber;
  };

  // Words of the guest's globals, and in front of them one that Python sets when it has changed them.
  const mirror = (exports, accessor) => {
    const { exports: words } = new WebAssembly.Instance(accessor, { guest: exports });
    const count = Object.keys(words).length / 2;
    const get = Array.from({ length: count }, (_, word) => words[`get.${word}`]);
    const set = Array.from({ length: count }, (_, word) => words[`set.${word}`]);
    const values = new BigInt64Array(1 + count);
    return {
      values,
      save() {
        for (let word = 0; word < count; word++) values[1 + word] = get[word]();
      },
      load() {
        if (values[0] === 0n) return;
        for (let word = 0; word < count; word++) set[word](values[1 + word]);
        values[0] = 0n;
      },
    };
  };

  const trapCode = (error) => {
    if (error instanceof WebAssembly.RuntimeError) {
      const code = traps[error.message];
      if (code !== undefined) return code;
    }
    throw error;
  };

  const wasOutboxFull = (system) => {
    const finished = system.getUint32(nextIndexOffset, true);
    const receipt = system.getUint32(receiptsOffset, true) + (finished - 1) * receiptBytes;
    return system.getUint16(receipt + codeOffset, true) === outboxExhausted;
  };

  return {
    stage(size) {
      return (staged = new ArrayBuffer(size));
    },
    compile() {
      const content = staged;
      staged = new ArrayBuffer(0);
      return keep(new WebAssembly.Module(content));
    },
    imports(module) {
      return JSON.stringify(WebAssembly.Module.imports(objects.get(module)).map(({ name }) => name));
    },
    instantiate(module, accessor) {
      const { exports } = new WebAssembly.Instance(objects.get(module), {});
      for (const name of ["memory", "corten.system", "corten.run", "corten.recover"])
        if (!(name in exports)) return name;
      const globals = mirror(exports, objects.get(accessor));
      globals.save();
      return keep({
        memory: exports.memory,
        system: exports["corten.system"],
        view: new DataView(exports["corten.system"].buffer),
        run: exports["corten.run"],
        recover: exports["corten.recover"],
        globals,
      });
    },
    kernel(module) {
      const { exports } = new WebAssembly.Instance(objects.get(module), {});
      return keep({ memory: exports.memory, system: exports["corten.system"], exports });
    },
    // An export's i32 result, 0 or more; -1 - (what the guest raised, or the trap's code) if it stopped.
    compute(number, name, ...values) {
      const { exports } = objects.get(number);
      try {
        return exports[name](...values) ?? 0;
      } catch (error) {
        return -1 - (exports["corten.trap"].value >>> 0 || trapCode(error));
      }
    },
    memory: (instance) => objects.get(instance).memory.buffer,
    system: (instance) => objects.get(instance).system.buffer,
    globals: (instance) => objects.get(instance).globals.values.buffer,
    advance(number) {
      const { run, recover, view, globals } = objects.get(number);
      globals.load();
      for (;;) {
        let code;
        try {
          run();
          globals.save();
          return true;
        } catch (error) {
          code = trapCode(error);
        }
        try {
          recover(code);
        } catch (error) {
          throw new Error(`recover itself stopped: ${error.message}`);
        }
        if (wasOutboxFull(view)) {
          globals.save();
          return false;
        }
      }
    },
    release(numbers) {
      for (const number of numbers) objects.delete(number);
    },
  };
}
