// What a person who starts acceptd at a terminal wants to know: where it listens, and a line to try for each.
import { type ListenAddress, showAddress } from '../model/address.ts';
import type { BuiltinName, ResolvedService } from '../model/service.ts';

const tryBuiltin = (builtin: BuiltinName, netcat: string): string => {
  switch (builtin) {
    case 'echo':
      return `echo hello | ${netcat}`;
    case 'chargen':
      return `${netcat} | head -3`;
    case 'daytime':
      return netcat;
    case 'time':
      return `${netcat} | od -An -tx1`;
    case 'discard':
      return `echo hello | ${netcat}`;
    case 'tcpmux':
      return `printf 'help\\r\\n' | ${netcat}`;
    case 'ident':
      return `echo '1, 2' | ${netcat}`;
  }
};

const netcatFor = (address: ListenAddress): string => {
  if (address.kind === 'unix') return `nc -N -U ${address.path}`;
  const host = address.host === '0.0.0.0' ? '127.0.0.1' : address.host === '::' ? '::1' : address.host;
  return address.socketType === 'dgram'
    ? `nc -u -w1 ${host} ${address.port}`
    : `nc -N ${host} ${address.port}`;
};

const tryLine = (service: ResolvedService, address: ListenAddress): string => {
  const netcat = netcatFor(address);
  if (service.answer.kind === 'builtin') return tryBuiltin(service.answer.builtin, netcat);
  if (/http/.test(service.name) && address.kind === 'internet') return `curl http://${showAddress(address)}/`;
  return /finger/.test(service.name) ? `echo root | ${netcat}` : `${netcat} </dev/null`;
};

/** One line for each listener. */
export const announce = (services: readonly ResolvedService[]): string => {
  const rows = services.flatMap((service) =>
    service.addresses.map(
      (address) => [service.id, showAddress(address), tryLine(service, address)] as const,
    ),
  );
  const width = (column: 0 | 1): number => Math.max(0, ...rows.map((row) => row[column].length));
  const lines = rows.map(
    ([id, address, line]) => `  ${id.padEnd(width(0))}  ${address.padEnd(width(1))}  try: ${line}\n`,
  );
  return `acceptd listens on:\n${lines.join('')}Ctrl-C stops it.\n`;
};
