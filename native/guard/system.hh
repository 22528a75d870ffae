// The guard's system calls and its few operations on texts. It has no C library: so it is small, and one program serves
// glibc and musl alike.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

#include "../raw-call.hh"

namespace guard {

using raw::address;
using raw::call;

/// A part of somebody else's text.
struct Text {
  const char* start = "";
  size_t length = 0;

  Text() = default;
  Text(const char* from, size_t size) : start(from), length(size) {}
  // NOLINTNEXTLINE: a literal is a text
  Text(const char* whole) : start(whole) {
    while (whole[length] != '\0') length++;
  }

  [[nodiscard]] bool equals(Text other) const {
    if (length != other.length) return false;
    for (size_t i = 0; i < length; i++) {
      if (start[i] != other.start[i]) return false;
    }
    return true;
  }
  [[nodiscard]] bool beginsWith(Text other) const {
    return length >= other.length && Text(start, other.length).equals(other);
  }
  [[nodiscard]] Text after(size_t count) const { return {start + count, length - count}; }
  /// Up to the first such character, or all of it.
  [[nodiscard]] Text until(char end) const {
    size_t i = 0;
    while (i < length && start[i] != end) i++;
    return {start, i};
  }
  /// What stands behind `NAME=`.
  [[nodiscard]] bool takeValue(Text name, Text& value) const {
    if (!beginsWith(name)) return false;
    value = after(name.length);
    return true;
  }
  /// -1 where it is no number, or more than there can be of anything here.
  [[nodiscard]] int64_t toNumber() const {
    if (length == 0 || length > 15) return -1;
    int64_t number = 0;
    for (size_t i = 0; i < length; i++) {
      if (start[i] < '0' || start[i] > '9') return -1;
      number = number * 10 + (start[i] - '0');
    }
    return number;
  }
};

/// A text that is put together; what does not fit is left out.
template <size_t kSize>
class Writer {
 public:
  Writer& operator<<(Text text) {
    for (size_t i = 0; i < text.length && length_ + 1 < kSize; i++) bytes_[length_++] = text.start[i];
    bytes_[length_] = '\0';
    return *this;
  }
  Writer& operator<<(const char* text) { return *this << Text(text); }
  Writer& operator<<(int64_t number) {
    char digits[20];
    size_t at = sizeof digits;
    uint64_t rest = number < 0 ? -static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
    do digits[--at] = static_cast<char>('0' + rest % 10);
    while ((rest /= 10) != 0);
    if (number < 0) digits[--at] = '-';
    return *this << Text(digits + at, sizeof digits - at);
  }
  [[nodiscard]] char* text() { return bytes_; }
  [[nodiscard]] Text view() const { return {bytes_, length_}; }

 private:
  char bytes_[kSize] = {};
  size_t length_ = 0;
};

/// Milliseconds of CLOCK_MONOTONIC.
int64_t now();

/// One line on stderr; a reader that does not read loses it, for nothing may stop the guard.
void say(Text line);

/// The whole program: gives the exit status.
int run(char** words, char** environment);

[[noreturn]] void leave(int status);
/// As a process that this signal has killed.
[[noreturn]] void dieOf(int signal);

}  // namespace guard
