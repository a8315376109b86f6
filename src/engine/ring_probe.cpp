#include "ring_probe.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <postrider/engine/real.hpp>

namespace postrider::engine {
namespace {

constexpr rlim_t wanted_descriptors = 65536;
constexpr rlim_t wanted_locked_bytes = 8 * 1024 * 1024;

std::string kernel_release() {
  utsname name{};
  return uname(&name) == 0 ? name.release : "unknown";
}

std::string io_uring_sysctl() {
  std::ifstream file("/proc/sys/kernel/io_uring_disabled");
  std::string value;
  file >> value;
  return value;
}

struct MultishotProbe final : RingOp {
  void on_completion(const Completion& completion) override {
    first = first ? first : std::optional(completion);
  }
  std::optional<Completion> first;
};

// The operation numbers don't tell whether a receive can be multishot: try it.
bool has_multishot_receive(Ring& ring) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
    return true;  // nothing is known against it
  }
  MultishotProbe probe;
  ring.receive_multishot(probe, pair[0]);
  const bool sent = write(pair[1], "x", 1) == 1;
  for (int i = 0; i < 10 && sent && !probe.first; ++i) {
    ring.turn(std::chrono::milliseconds(100));
  }
  close(pair[1]);
  ring.cancel_all();
  for (int i = 0; i < 10 && ring.in_flight() > 0; ++i) {
    ring.turn(std::chrono::milliseconds(100));
  }
  close(pair[0]);
  return probe.first && probe.first->result == 1 && probe.first->buffer;
}

void probe_limits(std::vector<KernelFinding>& findings) {
  rlimit descriptors{};
  if (getrlimit(RLIMIT_NOFILE, &descriptors) == 0 && descriptors.rlim_max < wanted_descriptors) {
    findings.push_back({.fatal = false,
                        .problem = "at most " + std::to_string(descriptors.rlim_max) +
                                   " file descriptors are allowed (RLIMIT_NOFILE)",
                        .remedy = "set LimitNOFILE=" + std::to_string(wanted_descriptors) +
                                  " or more in the service unit: each connection takes one"});
  }
  rlimit locked{};
  if (geteuid() != 0 && getrlimit(RLIMIT_MEMLOCK, &locked) == 0 &&
      locked.rlim_cur < wanted_locked_bytes) {
    findings.push_back({.fatal = false,
                        .problem = "only " + std::to_string(locked.rlim_cur) +
                                   " bytes may be locked in memory (RLIMIT_MEMLOCK)",
                        .remedy = "set LimitMEMLOCK=64M in the service unit"});
  }
}

}  // namespace

KernelFinding explain_ring_failure(int error) {
  KernelFinding finding{.fatal = true, .problem = {}, .remedy = {}};
  const std::string release = kernel_release();
  switch (error) {
    case ENOSYS:
      finding.problem = "this kernel (" + release + ") has no io_uring";
      finding.remedy =
          "run Linux 6.1 or later, built with CONFIG_IO_URING; under gVisor or WSL1 it can't run";
      break;
    case EPERM:
    case EACCES:
      if (const std::string disabled = io_uring_sysctl(); disabled == "1" || disabled == "2") {
        finding.problem =
            "io_uring is switched off here (kernel.io_uring_disabled=" + disabled + ")";
        finding.remedy =
            "sysctl kernel.io_uring_disabled=0, or =1 and kernel.io_uring_group set to "
            "a group of this user";
      } else {
        finding.problem =
            "io_uring is forbidden to this process, most often by a container's "
            "seccomp profile";
        finding.remedy =
            "allow io_uring_setup, io_uring_enter and io_uring_register in the seccomp "
            "profile (docker: --security-opt seccomp=PROFILE)";
      }
      break;
    case EINVAL:
      finding.problem = "the io_uring of this kernel (" + release + ") is too old";
      finding.remedy = "run Linux 6.1 or later (Debian 12 has it)";
      break;
    case ENOMEM:
      finding.problem = "no memory for io_uring's rings";
      finding.remedy =
          "raise RLIMIT_MEMLOCK (LimitMEMLOCK=64M in the service unit), or use fewer "
          "cores or smaller rings";
      break;
    case EMFILE:
    case ENFILE:
      finding.problem = "no file descriptor left for a ring";
      finding.remedy = "raise LimitNOFILE in the service unit, or fs.file-max";
      break;
    default:
      finding.problem = std::string("io_uring can't be set up: ") + std::strerror(error);
      finding.remedy = "run Linux 6.1 or later";
  }
  return finding;
}

std::vector<KernelFinding> probe_kernel() {
  std::vector<KernelFinding> findings;
  probe_limits(findings);
  std::unique_ptr<Ring> ring;
  int error = Ring::create({.entries = 8, .buffers = 8, .buffer_bytes = 4096}, ring);
  if (error == 0) {
    error = ring->enable();
  }
  if (error != 0) {
    findings.push_back(explain_ring_failure(error));
    return findings;
  }
  std::string missing;
  for (const std::string_view name : ring->missing_operations()) {
    missing += missing.empty() ? "" : ", ";
    missing += name;
  }
  if (missing.empty() && !has_multishot_receive(*ring)) {
    missing = "multishot receive";
  }
  if (!missing.empty()) {
    findings.push_back(
        {.fatal = true,
         .problem = "the io_uring of this kernel (" + kernel_release() + ") lacks: " + missing,
         .remedy = "run Linux 6.1 or later (Debian 12 has it)"});
  }
  return findings;
}

}  // namespace postrider::engine
