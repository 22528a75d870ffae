// The descriptors that the guard keeps: numbers and names, in the order in which the next acceptd finds them.
#include "store.hh"

#include <fcntl.h>

namespace guard {

namespace {

constexpr char kPrefix[] = "LISTEN_FDNAMES=";
constexpr size_t kPrefixLength = sizeof kPrefix - 1;
constexpr int kFirst = 3;
constexpr size_t kLongestName = 255;

/// As sd_notify(3) has it: what is no name would be read as two.
bool isName(Text name) {
  if (name.length == 0 || name.length > kLongestName) return false;
  for (size_t i = 0; i < name.length; i++) {
    if (name.start[i] < ' ' || name.start[i] > '~' || name.start[i] == ':') return false;
  }
  return true;
}

size_t countNames(Text names) {
  size_t count = 1;
  for (size_t i = 0; i < names.length; i++) {
    if (names.start[i] == ':') count++;
  }
  return count;
}

}  // namespace

void Store::adopt(size_t count, Text names) {
  while (end_ < kPrefixLength) {
    variable_[end_] = kPrefix[end_];
    end_++;
  }
  const bool hasNames = countNames(names) == count;
  for (size_t i = 0; i < count; i++) {
    const int descriptor = kFirst + static_cast<int>(i);
    const Text name = names.until(':');
    // fewer are open than promised
    if (call(SYS_fcntl, descriptor, F_SETFD, FD_CLOEXEC) < 0) return;
    append(descriptor, hasNames && isName(name) ? name : Text("unknown"));
    if (names.length > name.length) names = names.after(name.length + 1);
  }
}

void Store::keep(int descriptor, Text name) {
  if (!isName(name)) name = "stored";
  forget(name);
  append(descriptor, name);
}

void Store::append(int descriptor, Text name) {
  if (count_ == kMostKept || end_ + name.length + 2 > kLongestNames) {
    call(SYS_close, descriptor);
    return;
  }
  if (count_ > 0) variable_[end_++] = ':';
  for (size_t i = 0; i < name.length; i++) variable_[end_++] = name.start[i];
  variable_[end_] = '\0';
  descriptors_[count_++] = descriptor;
}

void Store::forget(Text name) {
  size_t at = kPrefixLength;
  for (size_t i = 0; i < count_;) {
    const Text other = Text(variable_ + at, end_ - at).until(':');
    if (other.equals(name)) {
      remove(i, at, other.length);
    } else {
      at += other.length + 1;
      i++;
    }
  }
}

void Store::remove(size_t index, size_t at, size_t length) {
  call(SYS_close, descriptors_[index]);
  count_--;
  for (size_t i = index; i < count_; i++) descriptors_[i] = descriptors_[i + 1];
  // with the colon behind it, or that before it where it was the last one
  size_t from = at;
  if (index == count_ && count_ > 0) from--;
  size_t next = at + length + (index == count_ ? 0 : 1);
  while (next < end_) variable_[from++] = variable_[next++];
  end_ = from;
  variable_[end_] = '\0';
}

}  // namespace guard
