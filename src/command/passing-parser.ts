// The part that reads the words of a server's command line. In the bundle it is a file that is let go (bundle.mjs).

export const loadParser = (): Promise<typeof import('./parser.ts')> => import('./parser.ts');
