// The half of engine "v8" that runs in V8: see v8_engine.py. One function; its result is what Python calls.
//
// Python reads and writes the memories and the words of the globals in place. A crossing is one call: `advance` or
// `converse` applies all frames of the inbox and recovers from every trap by itself.
(settings, makeCalls, makeServices) => {
  "use strict";
  const { traps, receiptBytes, codeOffset, outboxExhausted, stillRunning, finished } = settings;
  const [CURSOR, NEXT_INDEX, RECEIPTS] = settings.progress.map((offset) => offset >> 2);
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

  const calls = makeCalls(settings.calls, trapCode, (...parts) => instanceOf(...parts));
  const services = makeServices(settings.services);

  const wasOutboxFull = ({ words, view }) => {
    const receipt = words[RECEIPTS] + (words[NEXT_INDEX] - 1) * receiptBytes;
    return view.getUint16(receipt + codeOffset, true) === outboxExhausted;
  };

  const recover = (instance, code) => {
    try {
      instance.recover(code);
    } catch (error) {
      throw new Error(`recover itself stopped: ${error.message}`);
    }
  };

  // The message in progress has not been: its frame is the next one again.
  const postpone = (instance) => {
    const { words } = instance;
    const frame = words[CURSOR];
    services.forget();
    calls.abort();
    recover(instance, 0);
    words[CURSOR] = frame;
    words[NEXT_INDEX] -= 1;
  };

  // Apply frames: `finished`, `stillRunning` after one that found the outbox full, or the address of a contract whose
  // instance is missing before the next one can be applied.
  const apply = (instance) => {
    for (;;) {
      let code;
      try {
        instance.run();
        return finished;
      } catch (error) {
        if (error === calls.missing) {
          postpone(instance);
          return error.address;
        }
        code = trapCode(error);
      }
      if (instance.isCalling) calls.abort();
      recover(instance, code);
      if (wasOutboxFull(instance)) return stillRunning;
    }
  };

  const importsOf = (module, guest) => {
    const names = WebAssembly.Module.imports(module).map(({ name }) => name);
    const served = (name) => calls.service(name, guest) ?? services.service(name, guest);
    return { "corten.host": Object.fromEntries(names.map((name) => [name, served(name)])) };
  };

  // An instance with what calls must know of it, or the name of an export that it has not.
  const instanceOf = (module, accessor) => {
    const guest = {};
    const { exports } = new WebAssembly.Instance(objects.get(module), importsOf(objects.get(module), guest));
    for (const name of ["memory", "corten.system", "corten.run", "corten.recover"])
      if (!(name in exports)) return name;
    const globals = mirror(exports, objects.get(accessor));
    globals.save();
    const [memory, system] = [exports.memory.buffer, exports["corten.system"].buffer];
    Object.assign(guest, {
      memory: new Uint8Array(memory),
      system: new Uint8Array(system),
      words: new Uint32Array(system),
      view: new DataView(system),
      run: exports["corten.run"],
      recover: exports["corten.recover"],
      enter: exports["corten.enter"],
      undo: exports["corten.undo"],
      globals,
      isCalling: false,
      isBusy: false,
      isReadOnly: false,
      isChanged: false,
      message: -1,
      card: null,
      entries: null,
    });
    return guest;
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
      const guest = instanceOf(module, accessor);
      return typeof guest === "string" ? guest : keep(guest);
    },
    kernel(module) {
      const { exports } = new WebAssembly.Instance(objects.get(module), {});
      const [memory, system] = [exports.memory, exports["corten.system"]].map((each) => new Uint8Array(each.buffer));
      return keep({ memory, system, exports });
    },
    // An export's result, 0 or more; -1 - (what the guest raised, or the trap's code) if it stopped.
    compute(number, name, ...values) {
      const { exports } = objects.get(number);
      try {
        return Number(exports[name](...values) ?? 0);
      } catch (error) {
        return -1 - (exports["corten.trap"].value >>> 0 || trapCode(error));
      }
    },
    // What others must know of a contract that they call, and its own address.
    introduce(number, card, entries) {
      Object.assign(objects.get(number), { card, entries: new Map(entries) });
    },
    // Code that contracts may deploy.
    code: (module, accessor, card, entries) => keep({ module, accessor, card, entries: new Map(entries) }),
    implement(table) {
      services.implement(table);
    },
    recording: (answers, position) => keep(services.recordingOf(answers, position)),
    played: (recording) => objects.get(recording).next,
    take: () => services.take(),
    memory: (instance) => objects.get(instance).memory.buffer,
    system: (instance) => objects.get(instance).system.buffer,
    globals: (instance) => objects.get(instance).globals.values.buffer,
    advance(number) {
      const instance = objects.get(number);
      instance.globals.load();
      const end = apply(instance);
      instance.globals.save();
      return end;
    },
    // As `advance`, of an instance with imports. `board` is null, or [read-only, number of contracts, pairs of address
    // and instance, whether to say which were entered, pairs of hash and code, most contracts]; `recording` a number, 0
    // for none.
    converse(number, board, keepsLines, keepsAnswers, recording) {
      const instance = objects.get(number);
      instance.isCalling = board !== null;
      instance.globals.load();
      services.begin(instance, keepsLines, keepsAnswers, objects.get(recording) ?? null);
      if (board !== null) {
        const [isReadOnly, count, contracts, , codes, limit] = board;
        const instances = contracts.map(([address, each]) => [address, objects.get(each)]);
        const published = codes.map(([hash, each]) => [hash, objects.get(each)]);
        calls.begin(instance, isReadOnly, count, instances, published, limit);
      }
      try {
        const end = apply(instance);
        if (board === null || (calls.notes().length === 0 && calls.made().length === 0 && !board[3])) return end;
        const made = calls.made().map((each) => [each.code.hash, keep(each)]);
        return JSON.stringify([end, calls.notes(), calls.entered(), made]);
      } finally {
        calls.end();
        services.end();
        instance.globals.save();
      }
    },
    release(numbers) {
      for (const number of numbers) objects.delete(number);
    },
  };
}
