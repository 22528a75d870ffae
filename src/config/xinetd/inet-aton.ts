// Numeric IPv4 addresses as inet_aton(3) takes them: also short, octal and hexadecimal.

const parsePart = (text: string): number | undefined => {
  if (/^0x[0-9a-f]{1,8}$/i.test(text)) return Number(text);
  if (/^0[0-7]{1,11}$/.test(text)) return Number.parseInt(text, 8);
  return /^(?:0|[1-9][0-9]{0,9})$/.test(text) ? Number(text) : undefined;
};

/** `10.9.8.7`, `127.1` (127.0.0.1), `10` (0.0.0.10), `0x7f.1`: the last part fills what is left. */
export const parseInetAton = (text: string): Uint8Array | undefined => {
  const parts = text.split('.').map(parsePart);
  if (parts.length > 4) return undefined;
  const bytes = new Uint8Array(4);
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1;
    const room = isLast ? 4 - index : 1;
    if (part === undefined || part >= 256 ** room) return undefined;
    for (let place = 0; place < room; place += 1) {
      bytes[index + place] = Math.trunc(part / 256 ** (room - 1 - place)) % 256;
    }
  }
  return bytes;
};
