# AlphaPulse in a container: no root, a root file system that may be read-only, and all that it writes in the volume /data.
# docs/how-to/deploy.md says how to build and run it.
ARG PYTHON=3.13

FROM docker.io/library/python:${PYTHON}-slim AS build
WORKDIR /source
COPY . .
# The build hook installs a Node.js of its own for the page; neither it nor these sources are in the final image.
RUN python -m venv /opt/alpha-pulse \
 && /opt/alpha-pulse/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --no-deps -r requirements.lock \
 && /opt/alpha-pulse/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps . \
 && /opt/alpha-pulse/bin/python -m compileall -q /opt/alpha-pulse/lib \
 && /opt/alpha-pulse/bin/alpha-pulse --version

FROM docker.io/library/python:${PYTHON}-slim
# LightGBM needs the OpenMP library, which its package does not contain.
RUN apt-get update \
 && apt-get install -y --no-install-recommends libgomp1 \
 && rm -rf /var/lib/apt/lists/* \
 && mkdir /data \
 && chown 10001:10001 /data
COPY --from=build /opt/alpha-pulse /opt/alpha-pulse
# Runs and the token are in /data/alpha-pulse, compiled kernels in /data/cache.
ENV PATH=/opt/alpha-pulse/bin:$PATH \
    HOME=/data \
    XDG_DATA_HOME=/data \
    NUMBA_CACHE_DIR=/data/cache \
    MPLCONFIGDIR=/data/cache/matplotlib \
    TMPDIR=/data \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /data
USER 10001:10001
VOLUME /data
EXPOSE 8650
# A restart helps only a run that has failed: one that waits for space on the disk goes on by itself. Podman keeps this line with --format docker.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-c", \
  "import json, urllib.request as r; exit(json.load(r.urlopen('http://127.0.0.1:8650/health', timeout=4))['status'] == 'failed')"]
ENTRYPOINT ["alpha-pulse"]
# Inside of the container the server listens on all its addresses; which machines can reach it is decided by the published port.
CMD ["run", "--host", "0.0.0.0"]
