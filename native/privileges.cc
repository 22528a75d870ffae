// The order in which capabilities outlive a change of the user: bounding set, kept permitted set, new user, sets, ambient
// set, secure bits. Each step needs a right that a later one gives up.
#include "privileges.hh"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "raw-call.hh"

namespace {

using raw::address;
using raw::call;

constexpr uint64_t kSetPcap = uint64_t{1} << CAP_SETPCAP;

struct Sets {
  uint64_t effective = 0;
  uint64_t permitted = 0;
  uint64_t inheritable = 0;
};

long readSets(Sets& sets) {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct words[_LINUX_CAPABILITY_U32S_3] = {};
  const long result = call(SYS_capget, address(&header), address(words));
  const auto join = [](uint64_t high, uint64_t low) { return high << 32 | low; };
  sets.effective = join(words[1].effective, words[0].effective);
  sets.permitted = join(words[1].permitted, words[0].permitted);
  sets.inheritable = join(words[1].inheritable, words[0].inheritable);
  return result;
}

long writeSets(const Sets& sets) {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct words[_LINUX_CAPABILITY_U32S_3] = {};
  for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
    words[i].effective = static_cast<uint32_t>(sets.effective >> (32 * i));
    words[i].permitted = static_cast<uint32_t>(sets.permitted >> (32 * i));
    words[i].inheritable = static_cast<uint32_t>(sets.inheritable >> (32 * i));
  }
  return call(SYS_capset, address(&header), address(words));
}

}  // namespace

long dropBoundingSet(const Privileges& privileges) {
  for (const int capability : privileges.dropped) {
    const long result = call(SYS_prctl, PR_CAPBSET_DROP, capability);
    if (result < 0) return result;
  }
  return 0;
}

long keepCapabilities() { return call(SYS_prctl, PR_SET_KEEPCAPS, 1); }

long giveCapabilities(const Privileges& privileges, bool isOther) {
  Sets sets;
  long result = readSets(sets);
  if (result < 0) return result;
  // root has after its exec what is in the bounding set or inheritable
  sets.inheritable = (sets.inheritable & ~privileges.droppedMask) | privileges.ambient;
  if (isOther) {
    sets.permitted &= privileges.ambient | (privileges.secureBits ? kSetPcap : 0);
    sets.effective = sets.permitted;
  }
  result = writeSets(sets);
  for (int capability = 0; result >= 0 && privileges.ambient >> capability != 0; capability++) {
    if ((privileges.ambient >> capability & 1) == 0) continue;
    result = call(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability);
  }
  return result;
}

long setSecureBits(const Privileges& privileges, bool isOther) {
  const long result = call(SYS_prctl, PR_SET_SECUREBITS, *privileges.secureBits);
  if (result < 0 || !isOther) return result;
  Sets sets;
  const long known = readSets(sets);
  if (known < 0) return known;
  sets.permitted &= privileges.ambient;
  sets.effective = sets.permitted;
  return writeSets(sets);
}
