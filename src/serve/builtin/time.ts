// time (RFC 868): seconds since 1900 in 32 bits, which go round in 2036.

/** 1900 to 1970. */
const offset = 2_208_988_800;

export const timeReply = (now: Date): Uint8Array => {
  const reply = Buffer.alloc(4);
  reply.writeUInt32BE((Math.floor(now.getTime() / 1000) + offset) % 2 ** 32);
  return reply;
};
