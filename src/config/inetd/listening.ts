// What a service listens on, as the first words of an entry or the keys of a definition say it.
import type { Endpoint } from '../../model/address.ts';
import type { MuxName, RpcProgram } from '../../model/service.ts';
import { type MarkedField, type Marks, markToken, type Report, type Token } from '../source.ts';

export type Listening = {
  readonly name: string;
  /** The protocol word, as ids show it. */
  readonly protocol: string;
  readonly socketType: Endpoint['socketType'];
  readonly endpoints: readonly Endpoint[];
  readonly mux: MuxName | undefined;
  readonly rpc: RpcProgram | undefined;
  readonly marks: Partial<Marks>;
};

/** The mark of a field, where there is a token that wrote it. */
export const markIf = (field: MarkedField, token: Token | undefined, report: Report): Partial<Marks> =>
  token === undefined ? {} : { [field]: markToken(report.source, token) };
