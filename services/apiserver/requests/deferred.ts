/** An iterable that is opened by the first `next`: what opening throws, that throws. */
export function deferred<T>(open: () => Promise<AsyncIterable<T>>): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]() {
      let inner: Promise<AsyncIterator<T>> | undefined;
      let opened: AsyncIterator<T> | undefined;
      const first = async (): Promise<IteratorResult<T>> => {
        inner ??= open().then((iterable) => iterable[Symbol.asyncIterator]());
        opened = await inner;
        return opened.next();
      };
      return {
        next: () => (opened ? opened.next() : first()),
        async return() {
          await opened?.return?.();
          return { done: true, value: undefined };
        },
      };
    },
  };
}
