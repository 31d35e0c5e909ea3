# pesabox: `docker build -t pesabox .`; docs/operations.md says how to run it.
FROM python:3.11-slim AS build
WORKDIR /src
RUN python -m venv /opt/pesabox
COPY requirements.txt ./
RUN /opt/pesabox/bin/pip install --no-cache-dir --require-hashes -r requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY simulator simulator
COPY harness harness
COPY app_under_test app_under_test
RUN /opt/pesabox/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
    && /opt/pesabox/bin/pip uninstall --yes pip

FROM python:3.11-slim
RUN useradd --system --create-home --uid 10001 pesabox
COPY --from=build /opt/pesabox /opt/pesabox
COPY scenarios /opt/pesabox/scenarios
ENV PATH="/opt/pesabox/bin:$PATH" PYTHONUNBUFFERED=1
USER pesabox
WORKDIR /home/pesabox
EXPOSE 8200 8300
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8200/_sim/health', timeout=2)"]
ENTRYPOINT ["pesabox"]
# Not on loopback, so it asks for PESABOX_CONTROL_TOKEN and does not start without.
CMD ["serve", "--host", "0.0.0.0"]
