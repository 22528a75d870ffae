import type { ServeDatagrams } from '../serve.ts';
export const serveBuiltinDatagrams: ServeDatagrams = () => undefined;
