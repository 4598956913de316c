/** The seed of a run's random choices: `SEED=1 npm test` repeats them. Their timing differs from run to run. */
export const SEED = Number(process.env.SEED);
