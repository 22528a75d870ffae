import type { Start } from '../serve.ts';
export const startStreamBuiltin: Start = () => ({ kind: 'builtin', stop: () => undefined });
