// Stands for addons of ssh2 that are compiled at installation, which we do not do: it goes on without them.
throw new Error('not built');
