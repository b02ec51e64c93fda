// Calls between contracts in V8: what calls.Switchboard does in Python, for instances that reach each other here.
//
// `trapCode` says which trap an error is, or throws it again; `instanceOf` makes an instance of code. All numbers of the protocol come from Python.
(settings, trapCode, instanceOf) => {
  "use strict";
  const { fields, rejects, statuses, firstAddress, callDepth, modeFirst, recordsOfCallee } = settings;
  const { deployments, codeBytes, outOfGas, headerWords, addressWord, callImport, deployImport } = settings;
  const { trapBit, codeMask, outboxExhausted, blockBytes, recordHeaderBytes } = settings;
  const word = (name) => fields[name] >> 2;
  const [GAS, DEPTH, CONTRACT, SELECTOR] = ["gas", "depth", "contract", "selector"].map(word);
  const [ARGUMENTS, LENGTH, RESULT, SIZE] = ["arguments", "length", "result", "size"].map(word);
  const [OUTBOX, STATUS, WORD, CALLED] = ["outbox", "status", "word", "called"].map(word);
  const [RAISED, ORIGIN, MESSAGE] = ["raised", "origin", "message"].map(word);
  const [SENDER, ENTRY, PAYLOAD, MODE] = ["sender", "entry", "payload", "mode"].map(word);
  const [RECORD, BEGIN, END] = ["record", "begin", "end"].map(word);

  // Thrown when a contract is called whose instance only Python can bring: the message is undone and applied again.
  const missing = { address: 0 };

  let first = null; // the instance whose messages are applied; null outside of a crossing
  let contractCount = 0;
  let contractLimit = 0;
  let joined = []; // instances by address, from firstAddress on
  let changed = []; // callees entered in this crossing
  let entered = []; // callees of the message in progress
  let message = 0; // never repeated
  let depth = 1;
  let failure = 0; // the status that the last caller was given, once a call has failed
  let origin = null; // [address, word] of the contract that rejected first
  let frames = []; // [address, word, code's hash if the message deployed it] of all that rejected, the innermost first
  let notes = []; // [message, frames] of messages of this crossing that callees stopped
  let stopped = null; // [instance, code] of the callee that trapped
  let codes = new Map(); // published code by its hash
  let deployed = []; // contracts that the message in progress deployed
  let made = []; // contracts that messages of this crossing deployed

  const endMessage = () => {
    entered = [];
    message += 1;
    depth = 1;
    failure = 0;
    origin = stopped = null;
    deployed = [];
    frames = [];
  };

  const undo = (callee) => {
    try {
      callee.undo();
    } catch (error) {
      throw new Error(`undo itself stopped: ${error.message}`);
    }
  };

  // Why a call is not made, in the order of the checks; 0 if it is.
  const refusal = (caller, callee, entry, length, size) => {
    if (callee === undefined) return rejects.UNKNOWN_CONTRACT;
    if (callee.isBusy) return rejects.REENTERED;
    if (depth >= callDepth) return rejects.CALL_TOO_DEEP;
    if (entry === undefined) return rejects.UNKNOWN_ENTRY;
    if (caller.isReadOnly && !entry.isView) return rejects.MESSAGE_FROM_VIEW;
    if (length !== entry.length || size !== entry.size) return rejects.MALFORMED_CALL;
    return 0;
  };

  const find = (address) => {
    const place = address - firstAddress;
    if (place < 0 || place >= contractCount + deployed.length) return undefined;
    const callee = joined[place];
    if (callee !== undefined) return callee;
    missing.address = address;
    throw missing;
  };

  // The contract's first part in this message.
  const begin = (callee) => {
    callee.message = message;
    callee.words.set(callee.card.control);
    entered.push(callee);
    if (!callee.isChanged) {
      callee.isChanged = true;
      changed.push(callee);
    }
    return modeFirst;
  };

  const enter = (callee) => {
    try {
      callee.enter();
    } catch (error) {
      if (stopped === null) stopped = [callee, trapCode(error)];
      throw error; // a callee that trapped: so do all that called it
    }
  };

  // What to tell the caller of a callee that rejected, or in which a call failed, whatever it made of that.
  const refused = (callee) => {
    const status = callee.words[STATUS];
    if (status === statuses.INVALID) return (failure = rejects.MALFORMED_CALL);
    if (status === statuses.REJECTED) {
      const frame = [callee.card.address, callee.words[WORD], codeOf(callee)];
      frames.push(frame);
      origin ??= frame;
    }
    return (failure = rejects.CALLEE_REJECTED);
  };

  const codeOf = (contract) => (deployed.includes(contract) ? contract.code.hash : "");

  const acceptsResult = (entry, content) => entry.checks.every(([offset, values]) => values.includes(content[offset]));

  const serve = (caller) => {
    if (first === null) throw new Error("a contract called another outside of a message");
    const { words } = caller;
    if (words[CALLED] === 0) {
      settle();
      return;
    }
    const address = words[CONTRACT];
    const length = words[LENGTH];
    const size = words[SIZE];
    const callee = find(address);
    const entry = callee === undefined ? undefined : callee.entries.get(words[SELECTOR]);
    failure = failure || refusal(caller, callee, entry, length, size);
    if (failure !== 0) {
      words[STATUS] = failure;
      return;
    }
    const theirs = callee.words;
    const mode = callee.message === message ? entry.mode : entry.mode | begin(callee);
    theirs[GAS] = words[GAS];
    theirs[GAS + 1] = words[GAS + 1];
    theirs[DEPTH] = words[DEPTH];
    theirs[SENDER] = caller.card.address;
    theirs[ENTRY] = entry.number;
    theirs[PAYLOAD] = length;
    theirs[MODE] = mode;
    if (length !== 0) {
      const from = words[ARGUMENTS];
      callee.system.set(caller.memory.subarray(from, from + length), callee.card.payload);
    }
    const target = words[RESULT];
    const index = words[MESSAGE];
    const outbox = words[OUTBOX];
    callee.isBusy = true;
    callee.isReadOnly = entry.isView;
    depth += 1;
    enter(callee);
    depth -= 1;
    callee.isBusy = false;
    words[GAS] = theirs[GAS];
    words[GAS + 1] = theirs[GAS + 1];
    const record = theirs[RECORD];
    const start = theirs[BEGIN];
    let end = theirs[END];
    if (theirs[STATUS] !== 0 || failure !== 0) {
      words[STATUS] = refused(callee);
      return;
    }
    if (size !== 0) {
      const value = record + recordHeaderBytes;
      const content = callee.system.subarray(value, value + size);
      if (record === 0 || !acceptsResult(entry, content)) {
        words[STATUS] = failure = rejects.NO_RESULT;
        return;
      }
      caller.memory.set(content, target);
      if (value + size === end) end = record;
    }
    words[STATUS] = 0;
    if (end > start) {
      const block = [recordsOfCallee, index, address, entry.number, end - start, 0];
      keepRecords(caller, outbox, block, callee, start);
    }
  };

  // Why a deployment is not made, in the order of the checks; 0 if it is. As vm/deployments.py.
  const deploymentRefusal = (caller, code, name, length) => {
    if (code === undefined) return rejects.UNKNOWN_CODE;
    if (depth >= callDepth) return rejects.CALL_TOO_DEEP;
    if (name !== code.card.selector) return rejects.INIT_MISMATCH;
    if (caller.isReadOnly) return rejects.MESSAGE_FROM_VIEW;
    if (length !== code.card.length || length > code.card.longest) return rejects.MALFORMED_CALL;
    if (deployed.length >= deployments) return rejects.TOO_MANY_DEPLOYMENTS;
    if (contractCount + deployed.length >= contractLimit) return rejects.TOO_MANY_CONTRACTS;
    return 0;
  };

  const hexOf = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

  // Take gas off the caller's area; false, and nothing left, if it does not suffice.
  const pay = ({ view }, price) => {
    const left = view.getBigInt64(GAS << 2, true) - BigInt(price);
    view.setBigInt64(GAS << 2, left < 0n ? 0n : left, true);
    return left >= 0n;
  };

  // A new contract, at the next address.
  const make = (code) => {
    const address = firstAddress + contractCount + deployed.length;
    const made = instanceOf(code.module, code.accessor);
    if (typeof made === "string") throw new Error(`expected an export ${made}`);
    Object.assign(made, { card: { ...code.card, address }, entries: code.entries, code });
    const [from, count] = headerWords;
    made.words.set(first.words.subarray(from, from + count), from);
    made.words[addressWord] = address;
    joined[address - firstAddress] = made;
    deployed.push(made);
    return made;
  };

  const deploy = (caller) => {
    if (first === null) throw new Error("a contract deployed another outside of a message");
    const { words } = caller;
    if (words[CALLED] === 0) {
      settle();
      return;
    }
    const at = words[CONTRACT];
    const length = words[LENGTH];
    const code = codes.get(hexOf(caller.memory.subarray(at, at + codeBytes)));
    failure = failure || deploymentRefusal(caller, code, words[SELECTOR], length);
    if (failure !== 0) {
      words[STATUS] = failure;
      return;
    }
    if (!pay(caller, code.card.gas)) {
      words[STATUS] = trapBit + outOfGas;
      return;
    }
    const made = make(code);
    const target = words[RESULT];
    words[STATUS] = 0;
    if (code.card.init >= 0) {
      initialize(made, caller, length);
      if (words[STATUS] !== 0) return;
    }
    const { address } = made.card;
    caller.memory.set([address & 255, (address >> 8) & 255, (address >> 16) & 255, address >>> 24], target);
  };

  const initialize = (made, caller, length) => {
    const { words } = caller;
    const theirs = made.words;
    const { card } = made;
    made.message = message;
    theirs.set(card.initControl);
    entered.push(made);
    theirs[GAS] = words[GAS];
    theirs[GAS + 1] = words[GAS + 1];
    theirs[DEPTH] = words[DEPTH];
    theirs[SENDER] = caller.card.address;
    theirs[ENTRY] = card.init;
    theirs[PAYLOAD] = length;
    theirs[MODE] = modeFirst;
    if (length !== 0) {
      const from = words[ARGUMENTS];
      made.system.set(caller.memory.subarray(from, from + length), card.payload);
    }
    made.isBusy = true;
    made.isReadOnly = false;
    depth += 1;
    enter(made);
    depth -= 1;
    made.isBusy = false;
    words[GAS] = theirs[GAS];
    words[GAS + 1] = theirs[GAS + 1];
    if (theirs[STATUS] !== 0 || failure !== 0) {
      words[STATUS] = refused(made);
      return;
    }
    const start = theirs[BEGIN];
    const bytes = theirs[END] - start;
    const block = [recordsOfCallee, words[MESSAGE], card.address, card.init, bytes, 0];
    if (bytes > 0) keepRecords(caller, words[OUTBOX], block, made, start);
  };

  // The contracts that the message deployed have never been.
  const dropDeployed = () => {
    for (const { card } of deployed) delete joined[card.address - firstAddress];
    if (deployed.length !== 0) changed = changed.filter((each) => !deployed.includes(each));
    deployed = [];
  };

  // Append what a callee recorded to its caller's records.
  const keepRecords = (caller, outbox, block, callee, start) => {
    const { words } = caller;
    const begin = outbox + blockBytes;
    const bytes = block[4];
    if (begin + bytes > caller.card.outboxLimit) {
      words[STATUS] = trapBit + outboxExhausted;
      return;
    }
    words.set(block, outbox >> 2);
    caller.system.set(callee.system.subarray(start, start + bytes), begin);
    words[OUTBOX] = begin + bytes;
  };

  // A message came to its end: a reject of any part is one of the whole.
  const settle = () => {
    const { words } = first;
    if (failure !== 0 && words[STATUS] === 0) {
      words[STATUS] = statuses.REJECTED;
      words[WORD] = failure;
    }
    if (words[STATUS] !== 0) {
      entered.forEach(undo);
      if (origin !== null && (words[WORD] & codeMask) === rejects.CALLEE_REJECTED) {
        words.set(origin.slice(0, 2), ORIGIN);
        notes.push([words[MESSAGE], frames]);
      }
      dropDeployed();
    }
    for (const each of deployed) {
      made.push(each);
      changed.push(each);
      each.isChanged = true;
    }
    contractCount += deployed.length;
    endMessage();
  };

  return {
    missing,
    service: (name, guest) =>
      name === callImport ? () => serve(guest) : name === deployImport ? () => deploy(guest) : undefined,
    // Contracts that messages of this crossing deployed.
    made: () => made,
    // A crossing begins: `contracts` are pairs of address and instance that it may call.
    begin(instance, isReadOnly, count, contracts, published, limit) {
      contractLimit = limit;
      [first, contractCount, joined, changed, notes, made] = [instance, count, [], [], [], []];
      codes = new Map(published.map(([hash, code]) => [hash, Object.assign(code, { hash })]));
      for (const [address, each] of contracts) {
        each.isBusy = each === instance;
        each.isReadOnly = isReadOnly;
        each.isChanged = each === instance; // its globals are not ours to keep
        if (each !== instance) each.globals.load();
        joined[address - firstAddress] = each;
      }
      endMessage();
    },
    // A message trapped, here or in a callee: roll the callees back, and let the contract inherit their trap.
    abort() {
      const { words } = first;
      words[GAS] = words[GAS + 1] = words[RAISED] = 0;
      for (const each of entered) {
        undo(each);
        each.isBusy = false;
        if (stopped === null || stopped[0] !== each) continue;
        const raised = each.words[RAISED];
        const code = raised & codeMask;
        if (code !== 0) {
          words[GAS] = each.words[GAS];
          words[GAS + 1] = each.words[GAS + 1];
          words[RAISED] = code;
        }
        const frame = [each.card.address, code !== 0 ? raised : stopped[1], codeOf(each)];
        words.set(frame.slice(0, 2), ORIGIN);
        notes.push([words[MESSAGE], [frame]]);
      }
      dropDeployed();
      endMessage();
    },
    // Which contracts were at work when callees stopped messages of this crossing.
    notes: () => notes,
    entered: () => changed.map(({ card }) => card.address),
    // The crossing is over.
    end() {
      for (const each of changed) each.globals.save();
      [first, joined, changed, entered] = [null, [], [], []];
    },
  };
}
