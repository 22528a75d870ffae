// Pipes for splice(2), which are dear to make and hold memory: few, lent for as long as bytes are in them.
#pragma once

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include "fd.hh"

struct Pipe {
  Fd out;  // where bytes are taken from
  Fd in;
  [[nodiscard]] bool isOpen() const { return in.isOpen(); }
};

class PipePool {
 public:
  /// What a pipe is asked to hold; the kernel may give an ordinary user less.
  static constexpr size_t kSize = 1'048'576;

  /// `raise` gives a descriptor a high number where it can; at most so many pipes are open at once.
  void open(std::function<int(int)> raise, size_t limit) {
    raise_ = std::move(raise);
    limit_ = limit;
  }

  /// An empty pipe; one that is not open where there may be no more, or cannot be.
  [[nodiscard]] Pipe lend();

  /// An empty one comes back. One that holds bytes is to be closed by its owner, and counted here.
  void takeBack(Pipe pipe);
  void forget() { count_--; }

 private:
  /// Kept for the next who needs one.
  static constexpr size_t kSpare = 32;
  std::function<int(int)> raise_;
  std::vector<Pipe> spare_;
  size_t limit_ = 0;
  size_t count_ = 0;
};
