/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/host.h"
#include "runtime/base/path.h"

/* What is not for a container's eyes, whose root may read what root may: passwords and keys, other
 * people's data, the state of services and of other containers, swap. What is mounted on the host
 * below / is not in the overlay to begin with; these are for hosts that have it all in one file
 * system. Programs, their libraries and settings stay. */
static const char *const hidden[] = {
	"/boot",
	"/lost+found",
	"/media",
	"/mnt",
	"/srv",
	"/swapfile",
	"/swap.img",
	"/etc/shadow",
	"/etc/shadow-",
	"/etc/gshadow",
	"/etc/gshadow-",
	"/etc/sudoers",
	"/etc/sudoers.d",
	"/etc/ssh",
	"/etc/letsencrypt",
	"/etc/krb5.keytab",
	"/etc/machine-id",
	"/etc/credstore",
	"/etc/credstore.encrypted",
	"/etc/crypttab",
	"/etc/cryptsetup-keys.d",
	"/etc/NetworkManager",
	"/etc/netplan",
	"/etc/wpa_supplicant",
	"/etc/wireguard",
	"/etc/openvpn",
	"/etc/ipsec.d",
	"/etc/ipsec.secrets",
	"/etc/ppp",
	"/etc/samba",
	"/etc/exim4",
	"/etc/postfix",
	"/etc/docker",
	"/etc/kubernetes",
	"/etc/rancher",
	"/etc/incus",
	"/etc/security/opasswd",
	"/etc/ssl/private",
	"/etc/pki/tls/private",
	"/etc/containers/auth.json",
	"/var/backups",
	"/var/crash",
	"/var/mail",
	"/var/opt",
	"/var/www",
	"/var/lib/AccountsService",
	"/var/lib/NetworkManager",
	"/var/lib/bluetooth",
	"/var/lib/containerd",
	"/var/lib/containers",
	"/var/lib/ctr",
	"/var/lib/docker",
	"/var/lib/etcd",
	"/var/lib/incus",
	"/var/lib/iwd",
	"/var/lib/kubelet",
	"/var/lib/libvirt",
	"/var/lib/lxc",
	"/var/lib/lxd",
	"/var/lib/machines",
	"/var/lib/mysql",
	"/var/lib/portables",
	"/var/lib/postgresql",
	"/var/lib/private",
	"/var/lib/rancher",
	"/var/lib/redis",
	"/var/lib/samba",
	"/var/lib/systemd",
	"/var/lib/tpm",
	"/var/lib/tpm2-tss",
	"/var/lib/dbus/machine-id",
};

/* Hidden, and there as empty directories of the container's own: programs expect them. */
static const char *const emptied[] = {
	"/run:mode=755",       "/tmp:mode=1777,exec", "/var/tmp:mode=1777,exec",
	"/root:mode=700,exec", "/home:mode=755,exec", "/var/log:mode=755",
	"/var/spool:mode=755",
};

/* A whiteout needs the directory that it stands in. Where the host lacks it nothing is to be hidden,
 * and the container should not see it appear. */
static struct words that_can_be_there(struct arena *mem)
{
	struct words paths = {0};
	const char *last = "";
	bool is_there = true;

	for (size_t i = 0; i < sizeof(hidden) / sizeof(*hidden); i++) {
		size_t n = (size_t)(strrchr(hidden[i], '/') - hidden[i]);
		if (strlen(last) != n || strncmp(hidden[i], last, n) != 0) {
			last = arena_copy(mem, hidden[i], n);
			is_there = n == 0 || access(last, F_OK) == 0;
		}
		if (is_there)
			words_add(&paths, hidden[i], mem);
	}
	return paths;
}

static struct words list(const char *const *texts, size_t n, struct arena *mem)
{
	struct words w = {0};

	for (size_t i = 0; i < n; i++)
		words_add(&w, texts[i], mem);
	return w;
}

static struct image host_without_root(struct arena *mem)
{
	struct image image = {.name = "host"};

	words_add(&image.lookup, "/", mem);
	image.tmpfs = list(emptied, sizeof(emptied) / sizeof(*emptied), mem);
	words_add(&image.cmd, "/bin/sh", mem);
	return image;
}

int host_image(const char *root, uint64_t disk, struct arena *mem, struct image *ret,
	       struct err *err)
{
	struct image image = host_without_root(mem);
	struct words paths = that_can_be_there(mem);

	/* No id begins with a dot, so this is nobody's name. */
	image.root = arena_printf(mem, "%s/.host", root);
	auto_fd int dir = path_make_dir(image.root, 0700);
	if (dir < 0)
		return err_set(err, dir, "make %s", image.root);
	image.overlay = (struct rootfs_overlay){
		.lower = "/", .upper_bytes = disk, .hidden = paths.v, .n_hidden = paths.n};
	*ret = image;
	return 0;
}

void host_image_rootless(struct arena *mem, struct image *ret)
{
	*ret = host_without_root(mem);
	ret->root = "/";
	ret->is_readonly = true;
	ret->masked = list(hidden, sizeof(hidden) / sizeof(*hidden), mem);
}

int directory_image(const char *path, struct arena *mem, struct image *ret, struct err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return err_set(err, errno, "look at %s", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ENOTDIR, "%s", path);
	*ret = (struct image){.name = path, .root = path};
	words_add(&ret->lookup, path, mem);
	return 0;
}
