// The descriptors that the guard keeps, so that no listener is closed while acceptd does not run.
#pragma once

#include "system.hh"

namespace guard {

/// What one string of the environment may be long (MAX_ARG_STRLEN), less a little.
constexpr size_t kLongestNames = 128 * 1024 - 64;
constexpr size_t kMostKept = 4096;

class Store {
 public:
  /// To be called first: takes what the guard was itself started with, from descriptor 3 on.
  void adopt(size_t count, Text names);
  /// The descriptor is ours from here on; one with the same name goes.
  void keep(int descriptor, Text name);
  void forget(Text name);

  [[nodiscard]] size_t count() const { return count_; }
  [[nodiscard]] int* descriptors() { return descriptors_; }
  /// `LISTEN_FDNAMES=one:two`.
  [[nodiscard]] char* variable() { return variable_; }

 private:
  void append(int descriptor, Text name);
  void remove(size_t index, size_t at, size_t length);

  int descriptors_[kMostKept] = {};
  size_t count_ = 0;
  /// The names stand where they are read, behind `LISTEN_FDNAMES=`; each but the last has a colon behind it.
  char variable_[kLongestNames] = {};
  size_t end_ = 0;
};

}  // namespace guard
