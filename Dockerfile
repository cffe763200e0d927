# aep-flow-mcp over HTTP, for a team: docs/team.md. Build it in the repository, or in an unpacked sdist:
#   docker build -t aep-flow-mcp .
FROM debian:trixie-slim AS build

# Of Python no more than what runs: the packages below make the whole final image.
ENV PYTHON_PACKAGES="python3.13-minimal libpython3.13-minimal libpython3.13-stdlib"
ENV ROOT_PACKAGES="${PYTHON_PACKAGES} libc6 libgcc-s1 libstdc++6 zlib1g libssl3t64 libexpat1 libffi8 liblzma5 libbz2-1.0 \
    libsqlite3-0 libuuid1 libzstd1 netbase media-types tzdata ca-certificates"
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3.13-venv ${ROOT_PACKAGES} \
    && rm -rf /var/lib/apt/lists/*
RUN python3.13 -m venv /build/venv

WORKDIR /build/source
COPY distribution/locked-image.txt distribution/
RUN /build/venv/bin/pip install --no-cache-dir --no-compile --only-binary :all: --target /root-of-image/app \
        -r distribution/locked-image.txt \
    && rm -rf /root-of-image/app/bin
COPY pyproject.toml README.md LICENSE ./
COPY prompts prompts
COPY src src
RUN /build/venv/bin/pip install --no-cache-dir --no-compile --no-deps --target /root-of-image/app . \
    && rm -rf /root-of-image/app/bin

# The files of those packages, without pages, tests and what builds; scanners find the packages in status.d.
RUN mkdir -p /root-of-image/usr/lib /root-of-image/usr/lib64 /root-of-image/usr/bin /root-of-image/tmp \
        /root-of-image/var/lib/dpkg/status.d /root-of-image/etc/ssl/certs \
    && for folder in lib lib64 bin; do ln -s "usr/${folder}" "/root-of-image/${folder}"; done \
    && for package in ${ROOT_PACKAGES}; do \
        dpkg -s "${package}" > "/root-of-image/var/lib/dpkg/status.d/${package}"; dpkg -L "${package}"; done \
        | grep -Ev '^/usr/share/(doc|man|locale|lintian|bug|python3)|/(ensurepip|idlelib|tkinter|lib2to3|pydoc_data|turtledemo|config-3[^/]*|__pycache__|gconv|python3.13/test)(/|$)|^/usr/(sbin|include)' \
        | sort -u | while read -r path; do if [ -L "${path}" ] || [ -f "${path}" ]; then echo "${path}"; fi; done \
        | tar -cf - --no-recursion -T - | tar -xf - -C /root-of-image \
    && cp /etc/ssl/certs/ca-certificates.crt /root-of-image/etc/ssl/certs/ \
    && cp /etc/ld.so.cache /root-of-image/etc/ \
    && ln -s python3.13 /root-of-image/usr/bin/python3 \
    && echo 'aep:x:10001:10001:aep-flow-mcp:/nonexistent:/nonexistent' > /root-of-image/etc/passwd \
    && echo 'aep:x:10001:' > /root-of-image/etc/group \
    && chmod 1777 /root-of-image/tmp \
    && find /root-of-image/app -type d -name tests -prune -exec rm -rf {} + \
    && find /root-of-image/app -name '*.pyi' -delete \
    && python3.13 -m compileall -q -j 0 -x '/pygments/lexers/' -s /root-of-image /root-of-image/app \
        /root-of-image/usr/lib/python3.13

FROM scratch
LABEL org.opencontainers.image.title="aep-flow-mcp" \
      org.opencontainers.image.description="An MCP server for the data pipelines of Adobe Experience Platform" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /root-of-image /
ENV PYTHONPATH=/app PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 10001:10001
WORKDIR /tmp
EXPOSE 8000
# The first SIGTERM finishes the writes in flight: give it longer than AEP_MCP_STOP_WITHIN (docker stop --time 310).
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=6s --start-period=10s --retries=3 \
    CMD ["/usr/bin/python3", "-P", "-c", "import urllib.request as ask; ask.urlopen('http://127.0.0.1:8000/readyz', timeout=5)"]
ENTRYPOINT ["/usr/bin/python3", "-P", "-m", "aep_flow_mcp"]
CMD ["serve", "--transport", "http", "--host", "0.0.0.0", "--port", "8000"]
