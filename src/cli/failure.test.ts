import { describe, expect, it } from 'vitest';
import { AppError } from '../errors.ts';
import { explain } from './failure.ts';

describe('a failure', () => {
  it('has the exit status of its reason and names the next step', () => {
    expect(explain(new AppError('TOKEN_NOT_ACTIVE', 'the token has been revoked'))).toEqual({
      status: 3,
      text: "the token has been revoked; to log in again, run 'latchkey login', or 'latchkey link' on the server's host",
    });
    expect(explain(new AppError('NOT_FOUND', 'there is no session x'))).toEqual({
      status: 5,
      text: 'there is no session x',
    });
  });

  it('does not send who cannot run programs in circles, nor leave the administrator without a way', () => {
    const linkless = 'this login has no Linux user, so it cannot run programs';
    expect(explain(new AppError('LINK_REQUIRED', linkless)).text).toMatch(/'latchkey link' on/);
    const details = { requiredRole: 'manager' };
    const low = new AppError('PERMISSION_DENIED', 'this is for managers', { details });
    expect(explain(low).text).toBe('this is for managers; whoever runs the server may add --local-admin');
    const denied = new AppError('PERMISSION_DENIED', 'this is for role manager; yours is user');
    expect(explain(denied).text).toBe('this is for role manager; yours is user');
  });

  it('adds no next step to a message that has one', () => {
    const message = "nobody listens at host:7300; run 'latchkey serve' there";
    expect(explain(new AppError('UNREACHABLE', message)).text).toBe(message);
  });

  it('names the request of an unexpected failure', () => {
    const error = new AppError('INTERNAL', 'something went wrong', { details: { requestId: 'r-17' } });
    expect(explain(error).text).toBe("something went wrong (request r-17); the cause is in the server's log");
  });

  it('shows a bug in one line, without a stack trace', () => {
    const { text, status } = explain(new TypeError('x is not a function\n    at y'));
    expect([text, status]).toEqual(['unexpected failure: x is not a function; please report it', 1]);
  });
});
