/** A single object is at most 1.5 MB in etcd (and 3 MB in a request); a line of 64 MiB is not a watch event. */
const maxLineBytes = 64 * 1024 * 1024;

/**
 * Cuts a stream of bytes into lines at byte 10. On bytes rather than on text, since a chunk may end inside a character, and byte 10
 * is part of no other one in UTF-8.
 */
export class LineSplitter {
  #parts: Buffer[] = [];
  #pending = 0;

  /** The lines that this chunk completes; empty ones are left out. */
  *push(chunk: Buffer): Generator<string> {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      const line = this.#pending === 0 ? chunk.toString('utf8', start, end) : this.#join(chunk.subarray(start, end));
      start = end + 1;
      if (line !== '') yield line;
    }
    if (start === chunk.length) return;
    this.#pending += chunk.length - start;
    if (this.#pending > maxLineBytes) throw new Error(`a line of the watch is longer than ${maxLineBytes} bytes`);
    this.#parts.push(chunk.subarray(start));
  }

  #join(last: Buffer): string {
    const line = Buffer.concat([...this.#parts, last]).toString('utf8');
    this.#parts = [];
    this.#pending = 0;
    return line;
  }
}
