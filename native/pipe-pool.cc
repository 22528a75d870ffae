// Pipes for splice(2): made, lent, kept.
#include "pipe-pool.hh"

#include <fcntl.h>

Pipe PipePool::lend() {
  if (!spare_.empty()) {
    Pipe pipe = std::move(spare_.back());
    spare_.pop_back();
    return pipe;
  }
  int ends[2];
  if (count_ >= limit_ || pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return {};
  count_++;
  // a smaller one serves too (fs.pipe-user-pages-soft)
  static_cast<void>(fcntl(ends[1], F_SETPIPE_SZ, kSize));
  return {Fd(raise_(ends[0])), Fd(raise_(ends[1]))};
}

void PipePool::takeBack(Pipe pipe) {
  if (spare_.size() < kSpare) {
    spare_.push_back(std::move(pipe));
  } else {
    forget();
  }
}
