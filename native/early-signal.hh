// What the next version of acceptd is started with, so that no signal ends it before it can hear one.
#pragma once

#include <string>

/// Set where this library was preloaded for that.
constexpr const char* kPreloadMark = "ACCEPTD_PRELOADED";

/// The file that this library was loaded from; empty where it cannot be named in LD_PRELOAD.
[[nodiscard]] std::string ownLibrary();
