// Capabilities of a handler, in the child's half of a spawn (capabilities(7)): raw system calls only. All give -errno.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

/// Sets of capabilities are masks of bits.
struct Privileges {
  /// What leaves the bounding set: what is there and not wanted.
  std::vector<int> dropped;
  uint64_t droppedMask = 0;
  uint64_t ambient = 0;
  std::optional<int> secureBits;
  bool hasNoNewPrivileges = false;

  /// Whether something must outlive the change of the user.
  [[nodiscard]] bool isKept() const { return ambient != 0 || secureBits.has_value(); }
};

/// Needs the rights that the change of the user takes away.
[[nodiscard]] long dropBoundingSet(const Privileges& privileges);

/// So that setresuid(2) leaves the permitted set alone.
[[nodiscard]] long keepCapabilities();

/// After the user has changed. `isOther`: to somebody who is not root, and so has nothing but what is given here.
[[nodiscard]] long giveCapabilities(const Privileges& privileges, bool isOther);

/// Needs CAP_SETPCAP, which giveCapabilities() has kept for it, and leaves the process without it.
[[nodiscard]] long setSecureBits(const Privileges& privileges, bool isOther);
