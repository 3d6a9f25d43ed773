/** Bytes that are judged, and then stored or deflated, as one. */
export const PIECE_SIZE = 65536;

/** Of a piece, this many windows of this many bytes are counted first: a sixteenth of it. */
const WINDOWS = 16;
const WINDOW_SIZE = 256;

/**
 * Sum of the squared frequencies of the 256 byte values in the sample, up to which it counts as evenly spread. Random bytes give 69,616 ± 361; at this value
 * a Huffman code saves 1 %.
 */
const EVEN = 76_800;

/** Words of four bytes that were seen before, of about 256 that are looked at, from which a piece has repetitions: some 2 % of it. */
const REPEATED = 5;

const KNOWN = 1024;

/**
 * Whether deflate would gain nothing worth its time on a piece of {@link PIECE_SIZE} bytes: it is compressed or encrypted already. Deflate takes ten times
 * as long for such bytes as for text. Bytes that are spread evenly can still repeat; then they are deflated. Depends on the bytes alone, and counts in
 * whole numbers: every machine decides alike.
 */
export function isIncompressible(piece: Uint8Array): boolean {
  return isEven(piece) && !hasRepetitions(piece);
}

function isEven(piece: Uint8Array): boolean {
  const counts = new Uint16Array(256);
  const stride = piece.length / WINDOWS;
  for (let start = 0; start < piece.length; start += stride) {
    for (let at = start; at < start + WINDOW_SIZE; at++) (counts[piece[at] as number] as number)++;
  }
  let squares = 0;
  for (const count of counts) squares += count * count;
  return squares <= EVEN;
}

/**
 * Looks at the words whose hash begins with eight zero bits, wherever they stand: what occurs again has the same of them again, at any distance and
 * alignment.
 */
function hasRepetitions(piece: Uint8Array): boolean {
  const known = new Int32Array(KNOWN);
  let repeated = 0;
  let word = 0;
  for (let at = 0; at < piece.length; at++) {
    word = (word << 8) | (piece[at] as number);
    const hash = Math.imul(word, 0x9e3779b1);
    if (hash >>> 24 !== 0) continue;
    const slot = hash & (KNOWN - 1);
    if (known[slot] === word && ++repeated >= REPEATED) return true;
    known[slot] = word;
  }
  return false;
}
