/* The configuration of our wolfSSL: what its configure would write for
 *   --enable-intelasm --enable-sp=yes,4096 --enable-sp-asm --enable-sp-math-all --enable-tls13
 *   --disable-oldtls --enable-sni --enable-alpn --enable-session-ticket --enable-ocspstapling
 *   --enable-ocspstapling2 --enable-curve25519 --enable-ed25519 --enable-hkdf --enable-rsapss
 *   --enable-keygen --enable-certgen --enable-certext --enable-certreq --enable-opensslextra
 *   --enable-keying-material --enable-altcertchains
 * and what we add or leave out, at the end. Structure sizes depend on it: whoever includes a header of
 * wolfSSL must have included this one first (the Meson dependency sees to it). */
#ifndef POSTRIDER_WOLFSSL_USER_SETTINGS_H
#define POSTRIDER_WOLFSSL_USER_SETTINGS_H

/* The platform (configure's config.h). */
#define HAVE_ARPA_INET_H 1
#define HAVE_ATEXIT 1
#define HAVE_C___ATOMIC 1
#define HAVE_ERRNO_H 1
#define HAVE_FCNTL_H 1
#define HAVE_GETADDRINFO 1
#define HAVE_GETHOSTBYNAME 1
#define HAVE_GETTIMEOFDAY 1
#define HAVE_GMTIME_R 1
#define HAVE_INET_NTOA 1
#define HAVE_LIMITS_H 1
#define HAVE_MEMSET 1
#define HAVE_NETDB_H 1
#define HAVE_NETINET_IN_H 1
#define HAVE_PTHREAD 1
#define HAVE_SOCKET 1
#define HAVE_STDDEF_H 1
#define HAVE_STDINT_H 1
#define HAVE_STDIO_H 1
#define HAVE_STDLIB_H 1
#define HAVE_STRFTIME 1
#define HAVE_STRINGS_H 1
#define HAVE_STRING_H 1
#define HAVE_SYS_IOCTL_H 1
#define HAVE_SYS_SOCKET_H 1
#define HAVE_SYS_STAT_H 1
#define HAVE_SYS_TIME_H 1
#define HAVE_SYS_TYPES_H 1
#define HAVE_SYS_UN_H 1
#define HAVE_THREAD_LS
#define HAVE_TIME_H 1
#define HAVE_UINTPTR_T 1
#define HAVE_UNISTD_H 1
#define HAVE___UINT128_T 1
#define SIZEOF_LONG 8
#define SIZEOF_LONG_LONG 8
#ifndef __cplusplus
#define WOLFSSL_HAVE_ATOMIC_H
#endif
#define ERROR_QUEUE_PER_THREAD
#define WC_NO_ASYNC_THREADING
#define NO_DO178

/* Arithmetic: fast, constant time, assembly where there is some. */
#define ECC_SHAMIR
#define ECC_TIMING_RESISTANT
#define TFM_ECC256
#define TFM_TIMING_RESISTANT
#define WC_RSA_BLINDING
#define WOLFSSL_HAVE_SP_DH
#define WOLFSSL_HAVE_SP_ECC
#define WOLFSSL_HAVE_SP_RSA
#define WOLFSSL_SP_384
#define WOLFSSL_SP_4096
#define WOLFSSL_SP_521
#define WOLFSSL_SP_LARGE_CODE
#define WOLFSSL_SP_MATH_ALL
#if defined(__x86_64__)
#define USE_INTEL_SPEEDUP
#define WOLFSSL_AESNI
#define WOLFSSL_SP_ASM
#define WOLFSSL_SP_X86_64
#define WOLFSSL_SP_X86_64_ASM
#define WOLFSSL_USE_ALIGN
#define WOLFSSL_X86_64_BUILD
#endif

/* Algorithms. */
#define GCM_TABLE_4BIT
#define HAVE_AESGCM
#define HAVE_CHACHA
#define HAVE_CURVE25519
#define HAVE_DH_DEFAULT_PARAMS
#define HAVE_ECC
#define HAVE_ECC384
#define HAVE_ECC521
#define HAVE_ED25519
#define HAVE_FFDHE_2048
#define HAVE_HASHDRBG
#define HAVE_HKDF
#define HAVE_POLY1305
#define NO_DES3
#define NO_DES3_TLS_SUITES
#define NO_DSA
#define NO_MD4
#define NO_PSK
#define NO_RC4
#define WC_RSA_PSS
#define WOLFSSL_BASE64_ENCODE
#define WOLFSSL_KEY_GEN
#define WOLFSSL_NO_SHAKE128
#define WOLFSSL_NO_SHAKE256
#define WOLFSSL_PSS_LONG_SALT
#define WOLFSSL_SHA224
#define WOLFSSL_SHA3
#define WOLFSSL_SHA384
#define WOLFSSL_SHA512

/* Certificates. */
#define WOLFSSL_ALT_CERT_CHAINS
#define WOLFSSL_ALT_NAMES
#define WOLFSSL_ASN_PRINT
#define WOLFSSL_ASN_TEMPLATE
#define WOLFSSL_CERT_EXT
#define WOLFSSL_CERT_GEN
#define WOLFSSL_CERT_REQ
#define WOLFSSL_ENCRYPTED_KEYS

/* TLS. */
#define HAVE_ALPN
#define HAVE_CERTIFICATE_STATUS_REQUEST
#define HAVE_CERTIFICATE_STATUS_REQUEST_V2
#define HAVE_ENCRYPT_THEN_MAC
#define HAVE_EXTENDED_MASTER
#define HAVE_KEYING_MATERIAL
#define HAVE_OCSP
#define HAVE_SERVER_RENEGOTIATION_INFO
#define HAVE_SESSION_TICKET
#define HAVE_SNI
#define HAVE_SUPPORTED_CURVES
#define HAVE_TLS_EXTENSIONS
#define NO_OLD_TLS
#define OPENSSL_EXTRA
#define WOLFSSL_TLS13

/* Ours. */
/* The verify callback sees each certificate, good or bad: we collect the chain and decide ourselves. */
#define WOLFSSL_ALWAYS_VERIFY_CB
/* The name the client asked for stays readable after the handshake. */
#define WOLFSSL_ALWAYS_KEEP_SNI
/* Seeds come from getrandom(), not from a descriptor of /dev/urandom opened for each session. */
#define WOLFSSL_GETRANDOM
/* RSA signatures come from libcrypto (docs/adr/0009-rsa-signing.md). */
#define HAVE_PK_CALLBACKS
/* Only for wolfSSL_set_SSL_CTX(): another certificate once the client has named a host. */
#define HAVE_STUNNEL
/* SESSION_CERTS and KEEP_PEER_CERT are left out on purpose: two inline chains of nine certificates and a
 * decoded one would be 41 KiB in each session. The verify callback collects what we need. */

#endif
