#pragma once

#include "config.hpp"

#include <vector>

#include <postrider/codec/report/bounce_rules.hpp>
#include <postrider/engine/real.hpp>
#include <postrider/flow/accounts.hpp>
#include <postrider/flow/daily_reporter.hpp>
#include <postrider/flow/directory.hpp>
#include <postrider/flow/dkim_keyring.hpp>
#include <postrider/flow/intake.hpp>
#include <postrider/flow/junk_trainer.hpp>
#include <postrider/flow/list_desk.hpp>
#include <postrider/net/resolver.hpp>
#include <postrider/policy/tls_policy.hpp>
#include <postrider/policy/token_introspection.hpp>
#include <postrider/service/control/mail_keeper.hpp>
#include <postrider/service/control/quarantine_digest.hpp>
#include <postrider/service/control/quarantine_keeper.hpp>
#include <postrider/service/control/user_service.hpp>
#include <postrider/service/delivery/settings.hpp>
#include <postrider/service/imap/imap_service.hpp>
#include <postrider/service/pop3/pop3_service.hpp>
#include <postrider/service/smtp/smtp_service.hpp>
#include <postrider/store/store.hpp>

// From the configuration to what each room takes. What is limited for the server as a whole is
// divided among its cores.
namespace postrider::app {

[[nodiscard]] flow::CredentialKinds credential_kinds(const Config& config);
[[nodiscard]] flow::DirectorySettings directory_settings(const Config& config);
[[nodiscard]] engine::EngineSettings engine_settings(const Config& config);
[[nodiscard]] store::StoreSettings store_settings(const Config& config);
// Where DNSSEC validation begins. Throws when the file can't be used.
[[nodiscard]] dns::TrustAnchors trust_anchors(const Config& config);
[[nodiscard]] net::ResolverSettings resolver_settings(const Config& config);
[[nodiscard]] policy::TlsPolicyTable tls_policies(const Config& config);
// Throws std::runtime_error if a route's password can't be read.
[[nodiscard]] policy::RouteTable routes(const Config& config);
[[nodiscard]] delivery::DeliverySettings delivery_settings(const Config& config, CoreId cores);
[[nodiscard]] flow::IntakeSettings intake_settings(const Config& config, CoreId cores);
[[nodiscard]] smtp::SmtpSettings smtp_settings(const Config& config, CoreId cores);
[[nodiscard]] pop3::Pop3Settings pop3_settings(const Config& config, CoreId cores);
[[nodiscard]] std::filesystem::path index_directory(const Config& config);
[[nodiscard]] imap::ImapSettings imap_settings(const Config& config, CoreId cores);
// Throws std::runtime_error if a key can't be read.
[[nodiscard]] std::vector<flow::DkimKey> dkim_keys(const Config& config);

// Filters that learn. Throws std::runtime_error if a password can't be read.
[[nodiscard]] std::vector<flow::TeacherSettings> teacher_settings(const Config& config);
// nullopt: none is taken. Throws std::runtime_error if the secret can't be read.
[[nodiscard]] std::optional<policy::IntrospectionSettings> oauth_settings(const Config& config);

// Throws std::runtime_error if the file of rules can't be used.
[[nodiscard]] report::BounceRules bounce_rules(const Config& config);
[[nodiscard]] std::vector<flow::ReturnRule> return_rules(const Config& config);
[[nodiscard]] control::UserSettings user_settings(const Config& config);
[[nodiscard]] flow::ListSettings list_settings(const Config& config);
[[nodiscard]] control::QuarantineSettings quarantine_settings(const Config& config);
[[nodiscard]] control::DigestSettings digest_settings(const Config& config);
[[nodiscard]] control::MailKeeping mail_keeping(const Config& config);
[[nodiscard]] flow::ReporterSettings reporter_settings(const Config& config,
                                                       const ReportConfig& from);

}  // namespace postrider::app
