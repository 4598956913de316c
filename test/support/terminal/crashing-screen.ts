/**
 * Program that draws on the terminal as the dashboard does, and fails a moment later: crashing-screen.ts
 * draw|timer|promise
 */
import { Text } from 'ink';
import { createElement, type ReactNode, useEffect, useState } from 'react';
import { mount } from '../../../tui/mount.ts';

const LONG_ENOUGH_TO_BE_SEEN_MS = 700;

const how = process.argv[2];

function Crashing(): ReactNode {
  const [isOver, setIsOver] = useState(false);
  useEffect(() => {
    setTimeout(() => {
      if (how === 'timer') throw new Error('a timer went wrong');
      if (how === 'promise') void Promise.reject(new Error('a promise went wrong'));
      else setIsOver(true);
    }, LONG_ENOUGH_TO_BE_SEEN_MS);
  }, []);
  if (isOver) throw new Error('drawing went wrong');
  return createElement(Text, null, 'all is well');
}

const screen = { isSpoken: false };
process.exitCode = await mount(createElement(Crashing), screen).catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  return 70;
});
