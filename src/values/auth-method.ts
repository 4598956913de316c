import type { AuthMethod } from '../generated/latchkey/v1/token.ts';
import type { WordOf } from './enum-word.ts';

/** A way to get a token, by the name that it has in the configuration, on the screen and in JSON. */
export type AuthMethodName = WordOf<typeof AuthMethod>;
