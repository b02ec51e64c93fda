// Host functions in V8: moves arguments and results between a guest's memory and what computes them, answers from a
// recording instead if there is one, and keeps what Python wants to know after the crossing.
//
// The instrumented wrapper has checked every range and charged for the call (docs/spec/host-functions.md).
(settings) => {
  "use strict";
  const { rows, cursorOffset, lineTag, answerTag } = settings;
  const CURSOR = cursorOffset >> 2;
  let functions = {};

  let first = null; // the instance whose messages are applied
  let keepsLines = false; // of debug output
  let keepsAnswers = false;
  let recording = null;
  let journal = []; // {cursor, head, parts}: what this crossing leaves for Python

  // Where the frame of the message in progress lies: a message that must be applied again leaves nothing.
  const cursor = () => first.words[CURSOR];
  const note = (tag, row, result, parts) => {
    journal.push({ cursor: cursor(), head: [tag, row.number, result >>> 0], parts: parts.map((part) => part.slice()) });
  };

  const reader = (row, { role, at, size, lengthAt }) => {
    if (role === "value") return (_, raw) => raw[at] >>> 0;
    if (lengthAt === null) return ({ memory }, raw) => memory.subarray(raw[at] >>> 0, (raw[at] >>> 0) + size);
    return ({ memory }, raw) => memory.subarray(raw[at] >>> 0, (raw[at] >>> 0) + (raw[lengthAt] >>> 0));
  };

  const replayed = (row) => {
    const at = cursor();
    if (recording.cursor !== at) [recording.cursor, recording.begin] = [at, recording.next];
    const answer = recording.answers[recording.next];
    const found = answer === undefined ? "none left" : `one of ${answer.name}`;
    if (found !== `one of ${row.name}`) throw new Error(`expected a recorded answer of ${row.name}, found ${found}`);
    recording.next += 1;
    return answer;
  };

  const computed = (row, compute, inputs) => {
    const found = compute(...inputs);
    const { output } = row;
    if (output === null) return { result: Number(found ?? 0), output: null };
    return { result: Number(found !== null), output: found ?? new Uint8Array(output.size) };
  };

  const service = (name, guest) => {
    const row = rows[name];
    const readers = row.parameters.filter(({ role }) => role !== "out").map((parameter) => reader(row, parameter));
    const compute = name === "debug" ? () => undefined : functions[name];
    const { output } = row;
    return (...raw) => {
      const inputs = readers.map((read) => read(guest, raw));
      const answer = recording === null ? computed(row, compute, inputs) : replayed(row);
      if (name === "debug" && keepsLines) note(lineTag, row, 0, inputs);
      if (output !== null) guest.memory.set(answer.output, raw[output.at] >>> 0);
      const written = output === null ? [] : [answer.output];
      if (keepsAnswers) note(answerTag, row, row.returnsBool ? answer.result : 0, written);
      return answer.result;
    };
  };

  const bytesOf = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (digits) => parseInt(digits, 16));

  return {
    service,
    implement(table) {
      functions = table;
    },
    // Answers as triples of name, result and output, to be given in this order.
    recordingOf: (answers, position) => ({
      answers: answers.map(([name, result, output]) => ({ name, result, output: bytesOf(output) })),
      next: position,
      begin: position,
      cursor: -1,
    }),
    begin(instance, lines, answers, given) {
      [first, keepsLines, keepsAnswers, recording, journal] = [instance, lines, answers, given, []];
      if (recording !== null) recording.cursor = -1;
    },
    end() {
      first = recording = null;
    },
    // The message in progress has not been.
    forget() {
      const at = cursor();
      while (journal.length > 0 && journal.at(-1).cursor === at) journal.pop();
      if (recording !== null && recording.cursor === at) recording.next = recording.begin;
    },
    // All that was kept: u32 tag, row, result, lengths of two parts, and the parts, for each.
    take() {
      const size = journal.reduce((sum, { parts }) => parts.reduce((all, part) => all + part.length, sum + 20), 0);
      const bytes = new Uint8Array(size);
      const view = new DataView(bytes.buffer);
      let at = 0;
      for (const { head, parts } of journal) {
        const [one = new Uint8Array(), other = new Uint8Array()] = parts;
        [...head, one.length, other.length].forEach((value, index) => view.setUint32(at + 4 * index, value, true));
        bytes.set(one, at + 20);
        bytes.set(other, at + 20 + one.length);
        at += 20 + one.length + other.length;
      }
      journal = [];
      return bytes.buffer;
    },
  };
}
