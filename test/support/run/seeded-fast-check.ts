/** The fast-check of tests (vitest.config.ts): its random choices follow the run's seed. */
import fc from '../../../node_modules/fast-check/lib/fast-check.js';
import { SEED } from './seed.ts';

fc.configureGlobal({ seed: SEED });

export default fc;
