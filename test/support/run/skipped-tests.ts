/** For closing-lines.test.ts only: a suite and a test whose needs are missing, and a test without needs. */
import { beforeAll, describe, test } from 'vitest';
import { needs, skippedFor } from '../needs.ts';

function never(): never {
  throw new Error('it has been run');
}

describe('a suite', needs('world'), () => {
  beforeAll(never);
  test('first', never);
  test.for([2])('number %i', { timeout: 1000 }, never);
});

test('a test', skippedFor('needs the moon'), never);
test('another', needs(), () => {});
