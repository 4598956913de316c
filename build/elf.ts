/**
 * Removes sections that are not loaded from an ELF executable, like strip(1), which a build machine may
 * not have. A fifth of Node is debugging information. Field names are those of elf(5).
 */

/**
 * Offsets in the ELF header of the section headers' position, size and number, and of the index of their
 * names.
 */
const EHDR = { e_shoff: 0x28, e_shentsize: 0x3a, e_shnum: 0x3c, e_shstrndx: 0x3e } as const;
const SHDR = { sh_type: 0x04, sh_flags: 0x08, sh_offset: 0x18, sh_size: 0x20 } as const;
const SHT_NOBITS = 8;
const SHF_ALLOC = 2n;
const ALIGNMENT = 8;

/** Returns the program with only its loaded sections. Throws when its layout is not like Node's. */
export function withoutDebugInformation(elf: Buffer): Buffer {
  const isElf64 = elf.readUInt32BE(0) === 0x7f454c46 && elf[4] === 2 && elf[5] === 1;
  if (!isElf64) throw new Error('not a 64-bit ELF file');
  const headers = sectionHeaders(elf);
  const count = headers.findIndex((header, index) => index > 0 && !isLoaded(header));
  const kept = headers.slice(0, count);
  const dropped = headers.slice(count);
  if (dropped.some(isLoaded)) throw new Error('a loaded section follows one that is not');
  const names = headers[elf.readUInt16LE(EHDR.e_shstrndx)];
  if (names === undefined) throw new Error('its sections have no names');

  const loaded = elf.subarray(0, Math.max(...kept.map(endOf)));
  const text = elf.subarray(offsetOf(names), endOf(names));
  const padding = Buffer.alloc(-(loaded.length + text.length) & (ALIGNMENT - 1));
  const moved = Buffer.from(names);
  moved.writeBigUInt64LE(BigInt(loaded.length), SHDR.sh_offset);
  const stripped = Buffer.concat([loaded, text, padding, ...kept, moved]);
  const tableAt = loaded.length + text.length + padding.length;
  stripped.writeBigUInt64LE(BigInt(tableAt), EHDR.e_shoff);
  stripped.writeUInt16LE(kept.length + 1, EHDR.e_shnum);
  stripped.writeUInt16LE(kept.length, EHDR.e_shstrndx);
  return stripped;
}

function sectionHeaders(elf: Buffer): Buffer[] {
  const start = Number(elf.readBigUInt64LE(EHDR.e_shoff));
  const bytes = elf.readUInt16LE(EHDR.e_shentsize);
  const count = elf.readUInt16LE(EHDR.e_shnum);
  return Array.from({ length: count }, (_, index) => elf.subarray(start + index * bytes).subarray(0, bytes));
}

function isLoaded(header: Buffer): boolean {
  return (header.readBigUInt64LE(SHDR.sh_flags) & SHF_ALLOC) !== 0n;
}

function offsetOf(header: Buffer): number {
  return Number(header.readBigUInt64LE(SHDR.sh_offset));
}

function endOf(header: Buffer): number {
  if (header.readUInt32LE(SHDR.sh_type) === SHT_NOBITS) return offsetOf(header);
  return offsetOf(header) + Number(header.readBigUInt64LE(SHDR.sh_size));
}
