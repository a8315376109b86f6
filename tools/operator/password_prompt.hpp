#pragma once

#include <string>

namespace postrider::tools {

// The first line of standard input, without its line end.
// Throws std::runtime_error if there is none.
[[nodiscard]] std::string read_password_line();

// Asks twice on the terminal, without echo.
// Throws std::runtime_error if there is no terminal or the two differ.
[[nodiscard]] std::string prompt_password();

}  // namespace postrider::tools
