/**
 * Queries for many users at once: calls that come during a query share the next one, so that many starts at
 * once need few, and each still gets what is true after its call.
 */

interface Query<User, Found> {
  readonly users: User[];
  readonly answers: Promise<readonly Found[]>;
}

export class SharedQueries<User extends { readonly name: string; readonly uid: number }, Found extends User> {
  readonly #ask: (users: readonly User[]) => Promise<readonly Found[]>;
  /** The query that has not begun. */
  #next: Query<User, Found> | undefined;
  /** Resolves when the last query has ended. */
  #ended: Promise<void> = Promise.resolve();

  /** `ask` returns what it has found about some of the users, or all. */
  constructor(ask: (users: readonly User[]) => Promise<readonly Found[]>) {
    this.#ask = ask;
  }

  /** Returns what was found about the user; undefined when nothing was. Throws what `ask` throws. */
  async answerFor(user: User): Promise<Found | undefined> {
    this.#next ??= this.#query();
    this.#next.users.push(user);
    return (await this.#next.answers).find(({ name, uid }) => name === user.name && uid === user.uid);
  }

  /** Returns a query that begins once the previous one has ended, for the users that are added until then. */
  #query(): Query<User, Found> {
    const users: User[] = [];
    const answers = this.#ended.then(() => {
      this.#next = undefined;
      return this.#ask(users);
    });
    this.#ended = answers.then(
      () => undefined,
      () => undefined,
    );
    return { users, answers };
  }
}
