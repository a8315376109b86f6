#include <postrider/engine/io_error.hpp>

namespace postrider::engine {

std::string_view describe(IoError error) {
  switch (error) {
    case IoError::end_of_stream:
      return "the peer closed the connection";
    case IoError::reset:
      return "the connection was reset";
    case IoError::refused:
      return "connection refused";
    case IoError::unreachable:
      return "host or network unreachable";
    case IoError::timed_out:
      return "timed out";
    case IoError::cancelled:
      return "cancelled";
    case IoError::resource:
      return "out of descriptors, memory or disk space";
    case IoError::address_in_use:
      return "address already in use";
    case IoError::denied:
      return "permission denied";
    case IoError::other:
      return "input/output error";
  }
  return "unknown error";
}

}  // namespace postrider::engine
