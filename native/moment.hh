// The one clock of all stamps.
#pragma once

#include <ctime>

/// Nanoseconds on a clock; below 2^53, so that JavaScript's numbers are exact.
inline double nanoseconds(clockid_t clock) {
  timespec now = {};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

/// On CLOCK_MONOTONIC_RAW, which client, kernel and engine share.
inline double momentNow() { return nanoseconds(CLOCK_MONOTONIC_RAW); }
