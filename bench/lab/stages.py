"""Where a message's CPU goes, by stage: each sample belongs to the first stage that one of its frames names."""

import collections
import re

# In order: what is asked first wins. leaf: looked for in the innermost frame alone.
STAGES = (
    ("memory: allocate and free", "leaf", r"^(mi_|_mi_|malloc|free$|operator (new|delete)|cfree)"),
    ("memory: copy, compare, clear", "leaf",
     r"mem(cpy|move|set|cmp|chr)|copy_user|copy_to_iter|copy_from_iter|copyin|copyout|rep_movs|clear_page"),
    ("kernel: disk and files", "any",
     r"^(ext4_|jbd2_|blk_|submit_bio|do_fsync|__do_sys_fdatasync|vfs_write|vfs_fsync|filemap_|do_writepages|writeback)"),
    ("kernel: network", "any",
     r"^(tcp_|ip_|__ip_|inet_|sock_|__sock|net_rx|__netif|loopback_|skb_|__tcp|lock_sock|sk_"
     r"|__sys_(send|recv|accept|connect|sock)|io_(send|recv|accept|connect))"),
    ("kernel: io_uring, scheduling, the rest", "leaf", r"\[k\]"),
    ("TLS and signatures", "any",
     r"^(wolfSSL|wc_|sp_|curve25519|fe_|ge_|ed25519|postrider::net::Tls|postrider::SigningKey"
     r"|Transform_Sha|Sha256|AES_GCM|GHASH|L_|RSA_|BN_|EVP_|ossl_|rsaz_|bn_)|libcrypto"),
    ("DKIM: canonicalise and hash", "any", r"^postrider::dkim::"),
    ("store: RocksDB", "any", r"rocksdb::"),
    ("store: ours", "any", r"^postrider::store::"),
    ("receive: session and intake", "any", r"^postrider::(smtp|flow|mime)::"),
    ("deliver: schedule and send", "any", r"^postrider::(delivery|policy)::"),
    ("net, engine, base", "any", r"^postrider::"),
)


def stage_of(stack: tuple) -> str:
    for name, where, pattern in STAGES:
        frames = stack[-1:] if where == "leaf" else reversed(stack[1:])
        if any(re.search(pattern, frame) for frame in frames):
            return name
    return "kernel: io_uring, scheduling, the rest" if is_kernel(stack) else "the rest"


def is_kernel(stack: tuple) -> bool:
    return any(re.match(r"(entry_SYSCALL|do_syscall|__x64_sys|asm_|ret_from_fork|io_wq|schedule|__schedule|handle_softirqs)", frame)
               for frame in stack)


def shares(stacks: collections.Counter) -> list[tuple[str, float]]:
    """(stage, share of all samples), the largest first."""
    total, counts = sum(stacks.values()), collections.Counter()
    for stack, count in stacks.items():
        counts[stage_of(stack)] += count
    return [(name, count / total) for name, count in counts.most_common()]


def threads(stacks: collections.Counter) -> list[tuple[str, float]]:
    total, counts = sum(stacks.values()), collections.Counter()
    for stack, count in stacks.items():
        counts[re.sub(r"[0-9]+$", "", stack[0])] += count
    return [(name, count / total) for name, count in counts.most_common()]
