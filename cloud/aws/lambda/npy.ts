// NumPy's file format, version 1.0, for 32-bit floats; it reads none (numpy.lib.format in NumPy's reference).

const MAGIC = Buffer.from('\x93NUMPY\x01\x00', 'latin1');
const ALIGNMENT_BYTES = 64;

export function npyOf(numbers: Float32Array, shape: readonly number[]): Uint8Array {
  const dictionary = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`;
  const before = MAGIC.length + 2;
  const padded = Math.ceil((before + dictionary.length + 1) / ALIGNMENT_BYTES) * ALIGNMENT_BYTES - before;
  const length = Buffer.alloc(2);
  length.writeUInt16LE(padded);
  const data = Buffer.alloc(numbers.length * Float32Array.BYTES_PER_ELEMENT);
  numbers.forEach((number, at) => data.writeFloatLE(number, at * Float32Array.BYTES_PER_ELEMENT));
  return Buffer.concat([MAGIC, length, Buffer.from(`${dictionary.padEnd(padded - 1)}\n`, 'latin1'), data]);
}
